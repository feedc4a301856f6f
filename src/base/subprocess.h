// Another program's output, without a shell in between.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall {

// Splits a command line into words as a POSIX shell does, but expands nothing:
//   - spaces, tabs and line feeds part words; '…' takes all as it is; in "…" a backslash quotes one
//     of " \ $ ` and is itself before others; outside quotes it quotes whatever follows;
//   - what a shell would act upon is refused rather than passed on as text: | & ; < > ( ) $ `
//   outside
//     quotes, $ and ` within "…", and a ~ at the start of a word. * ? [ # = are plain text.
// Throws Error (usage) for these, for an open quote, and where there is no word at all.
std::vector<std::string> split_command(std::string_view text);

// Runs `argv` (found by PATH), reads its standard output to the end and waits for it. Its standard
// input is empty, its standard error is ours, and (from Linux 5.11 on) no other descriptor of ours
// is open in it. It ends with us, and is killed at the end of `patience`, or after more than 64
// KiB. Throws Error (usage) where it cannot be started, (failed) where it ends with anything but 0,
// takes too long or says too much; messages name argv[0] alone, as the other words may be secret.
Secret command_output(const std::vector<std::string>& argv, std::chrono::milliseconds patience);

}  // namespace rolecall
