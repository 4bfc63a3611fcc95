/* lang_batch.h - sgc batch: questions and answers by the line, in JSON. */
#ifndef SGC_GENERATOR_LANG_BATCH_H
#define SGC_GENERATOR_LANG_BATCH_H

/** Answers standard input on standard output until it ends; the exit status of the command. */
int sgc_lang_batch(void);

#endif
