// SPDX-License-Identifier: Apache-2.0
#include "line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string_view>

namespace sirocco {
namespace {

// Terminals bracket what is pasted when asked to (xterm's mode 2004).
constexpr const char* kBracketPastes = "\x1b[?2004h";
constexpr const char* kPlainPastes = "\x1b[?2004l";
constexpr std::string_view kPasteEnd = "\x1b[201~";

// Bound to the opening bracket: everything up to the closing one goes into the line, newlines too.
unsigned char insert_paste(EditLine* editor, int) {
  std::string text;
  char c = 0;
  while (!text.ends_with(kPasteEnd) && el_getc(editor, &c) == 1) text += c == '\r' ? '\n' : c;
  if (text.ends_with(kPasteEnd)) text.resize(text.size() - kPasteEnd.size());
  while (text.ends_with('\n')) text.pop_back();
  if (!text.empty() && el_insertstr(editor, text.c_str()) == -1) return CC_ERROR;
  return CC_REFRESH;
}

}  // namespace

struct LineEditor::Terminal {
  EditLine* editor = nullptr;
  History* history = nullptr;
  bool continued = false;

  Terminal() {
    std::setlocale(LC_CTYPE, "");
    if (std::strcmp(std::setlocale(LC_CTYPE, nullptr), "C") == 0) std::setlocale(LC_CTYPE, "C.UTF-8");
    editor = el_init("sirocco", stdin, stdout, stderr);
    history = history_init();
    HistEvent event;
    ::history(history, &event, H_SETSIZE, 1000);
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_PROMPT, &prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, ::history, history);
    el_set(editor, EL_ADDFN, "insert-paste", "Insert pasted text", &insert_paste);
    el_set(editor, EL_BIND, "\\e[200~", "insert-paste", nullptr);
  }
  ~Terminal() {
    history_end(history);
    el_end(editor);
  }
  static const char* prompt(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<Terminal*>(self)->continued ? "… " : "> ";
  }
};

LineEditor::LineEditor() {
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) terminal_ = std::make_unique<Terminal>();
}

LineEditor::~LineEditor() = default;

LineEditor::Status LineEditor::read_one(std::string& line, bool continued) {
  if (!terminal_) return std::getline(std::cin, line) ? Status::line : Status::end;
  terminal_->continued = continued;
  std::fputs(kBracketPastes, stdout);
  std::fflush(stdout);
  int count = 0;
  const char* text = el_gets(terminal_->editor, &count);
  std::fputs(kPlainPastes, stdout);
  std::fflush(stdout);
  if (text == nullptr || count <= 0) return count < 0 ? Status::interrupted : Status::end;
  line.assign(text, static_cast<size_t>(count));
  while (line.ends_with('\n')) line.pop_back();
  return Status::line;
}

LineEditor::Status LineEditor::read(std::string& line) {
  Status status = read_one(line, false);
  while (status == Status::line && line.ends_with('\\')) {
    line.back() = '\n';
    std::string more;
    status = read_one(more, true);
    if (status == Status::end) return Status::line;
    line += more;
  }
  if (status == Status::line && terminal_ && !line.empty()) {
    HistEvent event;
    ::history(terminal_->history, &event, H_ENTER, line.c_str());
  }
  return status;
}

}  // namespace sirocco
