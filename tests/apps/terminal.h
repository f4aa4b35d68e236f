// SPDX-License-Identifier: Apache-2.0
// A program on a pseudo-terminal, as a user would run it: type, wait for words, look at the exit code.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace sirocco {

class Terminal {
 public:
  explicit Terminal(std::vector<std::string> command) {
    winsize size{40, 120, 0, 0};
    child_ = ::forkpty(&descriptor_, nullptr, nullptr, &size);
    if (child_ != 0) return;
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::setenv("TERM", "xterm", 1);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ~Terminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(descriptor_);
  }

  void type(const std::string& keys) {
    EXPECT_EQ(::write(descriptor_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // Waits until `words` show up behind what was awaited before.
  bool await(const std::string& words, int seconds = 120) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (true) {
      const size_t at = screen.find(words, seen_);
      if (at != std::string::npos) {
        seen_ = at + words.size();
        return true;
      }
      if (std::chrono::steady_clock::now() > end || !read_some()) break;
    }
    ADD_FAILURE() << "waited for \"" << words << "\", the screen shows:\n" << screen.substr(seen_);
    return false;
  }
  // Of a program that ends by itself; one that does not is killed.
  int exit_code(int seconds = 120) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (read_some())
      if (std::chrono::steady_clock::now() > end) ::kill(child_, SIGKILL);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string screen;

 private:
  bool read_some() {
    pollfd ready{descriptor_, POLLIN, 0};
    if (::poll(&ready, 1, 1000) == 0) return true;
    char buffer[4096];
    const ssize_t count = ::read(descriptor_, buffer, sizeof buffer);
    if (count <= 0) return false;  // EIO: the child is gone
    screen.append(buffer, static_cast<size_t>(count));
    return true;
  }

  int descriptor_ = -1;
  pid_t child_ = -1;
  size_t seen_ = 0;
};

}  // namespace sirocco
