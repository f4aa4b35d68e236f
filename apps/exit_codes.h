// SPDX-License-Identifier: Apache-2.0
// The program's exit codes; --help lists them.
#pragma once

namespace sirocco {

inline constexpr int kExitDone = 0;
inline constexpr int kExitError = 1;          // a file, a model or a request was refused: one line says why
inline constexpr int kExitUsage = 2;          // the command line makes no sense
inline constexpr int kExitInterrupted = 130;  // Ctrl-C

inline constexpr const char* kExitCodesHelp =
    "Exit codes: 0 done; 1 a file, model or request was refused (one line on standard error says why);\n"
    "2 the command line was wrong; 130 interrupted by Ctrl-C.";

}  // namespace sirocco
