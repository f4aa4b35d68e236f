// SPDX-License-Identifier: Apache-2.0
#include "line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <iostream>
#include <string_view>

#include "interrupt.h"

namespace sirocco {
namespace {

// Terminals bracket what is pasted when asked to (xterm's mode 2004).
constexpr const char* kBracketPastes = "\x1b[?2004h";
constexpr const char* kPlainPastes = "\x1b[?2004l";
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";

// Bound to the opening bracket: everything up to the closing one goes into the line, newlines too.
unsigned char insert_paste(EditLine* editor, int) {
  std::wstring text;
  wchar_t c = 0;
  while (!text.ends_with(kPasteEnd) && el_wgetc(editor, &c) == 1) text += c == L'\r' ? L'\n' : c;
  if (text.ends_with(kPasteEnd)) text.resize(text.size() - kPasteEnd.size());
  while (text.ends_with(L'\n')) text.pop_back();
  if (!text.empty() && el_winsertstr(editor, text.c_str()) == -1) return CC_ERROR;
  return CC_REFRESH;
}

// The next byte: 1; 0 at the end of input; -1 for Ctrl-C and other failures. libedit's own reader would not see
// a Ctrl-C that came just before it blocks.
int read_byte(char& byte) {
  while (true) {
    pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {InterruptGuard::descriptor(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return -1;
    if (ready[1].revents & POLLIN) return -1;
    if (ready[0].revents == 0) continue;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count >= 0) return static_cast<int>(count);
    if (errno != EINTR) return -1;
  }
}

// One character in the locale's encoding; bytes that are none become U+FFFD.
int read_character(EditLine*, wchar_t* character) {
  std::mbstate_t state{};
  while (true) {
    char byte = 0;
    if (const int count = read_byte(byte); count != 1) return count;
    const size_t used = std::mbrtowc(character, &byte, 1, &state);
    if (used == static_cast<size_t>(-2)) continue;  // the beginning of one
    if (used == static_cast<size_t>(-1)) *character = L'\xFFFD';
    return 1;
  }
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
    el_set(editor, EL_GETCFN, &read_character);
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
  el_set(terminal_->editor, EL_PREP_TERM, 1);  // el_gets itself would show the prompt before it takes the keys over
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
