// SPDX-License-Identifier: Apache-2.0
//
// The standard streams of a process, and whether what it printed has arrived.
//
// Intuition: a letter is not sent when it is written, but when the post has it.
// What an application prints waits in buffers until the process ends, and a
// full disk is met only then, when nobody looks any more: so somebody has to.
//
// Threads: the main one, at the process's begin and end; Complain is for any.
#pragma once

#include <string>

namespace taskgraph::job {

// Of a process that did well but lost output: EX_IOERR of sysexits.h. Another
// code than 1, so that a launcher can tell it of its nodes.
inline constexpr int kOutputLost = 74;

// Writes "taskgraph: TEXT" to stderr, as one line.
void Complain(const std::string& text);

// Makes sure that no file that is opened later takes the place of a standard
// stream that the caller has closed. Writing to that fails, still.
void KeepStandardStreams();

// Writes out what was printed to stdout. Returns `code`; if something was lost
// it is told on stderr, and a code of 0 becomes kOutputLost.
int FlushStdout(int code);

// As FlushStdout, unless another thread is in the middle of printing.
int FlushStdoutIfIdle(int code);

}  // namespace taskgraph::job
