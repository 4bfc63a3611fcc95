/* mine, and it stays */
extern int mine;
