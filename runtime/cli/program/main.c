/* main.c - the sgdb executable; everything it does is in the library (cli/sgdb.c). */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return sgc_sgdb_main(argc, argv);
}
