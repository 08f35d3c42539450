/* SPDX-License-Identifier: Apache-2.0 */
/* Every error id with its explanation; ascending; ids are never reused. */
#include "base/err.h"

const firn_errid firn_errids[] = {
    {1001, "wrong usage",
     "The command line is not understood.  `firn help VERB` shows what a verb takes."},
    {1100, "the project file or a model is wrong",
     "The message names file, line and column, the word that is not understood and the nearest one "
     "that is."},
    {2001, "data that does not mean what it should",
     "A file or record is damaged or of another format than named."},
    {2002, "a limit was reached",
     "A configured maximum was reached; the message says which one and how large it is."},
    {3001, "somebody else committed first",
     "The table changed while this command worked.  firn retries by itself; run the command again "
     "if it still failed."},
    {3002, "it is not known whether the commit happened",
     "The catalog did not answer after the commit was sent.  Nothing was deleted.  Run the same "
     "command again: it looks up what happened and goes on from there."},
    {3003, "the position in the source is lost",
     "The table's snapshots no longer say up to where the source was read.  firn never guesses."},
    {4001, "the SQL statement was refused", "The engine's own message follows."},
    {5001, "input or output failed", "The operating system refused a read or write."},
    {5002, "out of memory",
     "Give the command more memory (--memory) or the machine fewer things to do."},
    {5003, "no space left",
     "A disk or quota is full.  Nothing was committed; free space and run the same command again."},
    {5004, "the network failed", "A server could not be reached or hung up."},
    {5005, "it took too long", "A server did not answer in time."},
    {5006, "access refused", "The user or key has no right to do this."},
    {5007, "not found", "A file, table or object is not there."},
    {5008, "exists already", "A file, table or object of that name is there already."},
    {6001, "a check failed",
     "A check with severity error found rows.  Nothing of that table was committed."},
    {6002, "cancelled",
     "The command was interrupted.  Nothing half is visible; run it again to go on."},
    {9001, "internal error", "A bug in firn.  Please report it with the message and the command."},
    {9002, "invalid argument", "A value is outside of what is allowed."},
    {9003, "not supported", "firn refuses to do this rather than do it wrongly."},
};

const size_t firn_errid_count = sizeof firn_errids / sizeof firn_errids[0];
