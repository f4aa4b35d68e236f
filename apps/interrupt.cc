// SPDX-License-Identifier: Apache-2.0
#include "interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace sirocco {
namespace {

// A signal handler can reach nothing but an object of static storage.
volatile std::sig_atomic_t pending = -1;  // an eventfd

extern "C" void keep_interrupt(int) {
  const int saved = errno;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(pending, &one, sizeof one);
  errno = saved;
}

void on_interrupt(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a blocking read returns
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  pending = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (pending >= 0) on_interrupt(keep_interrupt);  // else Ctrl-C ends the program, as ever
}
InterruptGuard::~InterruptGuard() {
  on_interrupt(SIG_DFL);
  if (pending >= 0) ::close(pending);
  pending = -1;
}

bool InterruptGuard::take() {
  uint64_t count = 0;
  return ::read(pending, &count, sizeof count) == sizeof count;
}

int InterruptGuard::descriptor() {
  return pending;
}

}  // namespace sirocco
