// SPDX-License-Identifier: Apache-2.0
// LineEditor: messages from the user. On a terminal with editing and history (libedit): a paste of many lines
// is one message, a line that ends in a backslash goes on in the next. Elsewhere plain lines.
#pragma once

#include <memory>
#include <string>

namespace sirocco {

class LineEditor {
 public:
  enum class Status { line, interrupted, end };  // Ctrl-C at the prompt; Ctrl-D or the end of the file

  LineEditor();
  ~LineEditor();

  Status read(std::string& line);
  bool on_terminal() const { return terminal_ != nullptr; }

 private:
  struct Terminal;
  Status read_one(std::string& line, bool continued);
  std::unique_ptr<Terminal> terminal_;  // null: standard input is no terminal
};

}  // namespace sirocco
