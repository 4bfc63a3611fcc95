/* mine, and it stays */
