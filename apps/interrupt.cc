// SPDX-License-Identifier: Apache-2.0
#include "interrupt.h"

#include <csignal>

namespace sirocco {
namespace {

// A signal handler can reach nothing but an object of static storage.
volatile std::sig_atomic_t interrupts = 0;

extern "C" void count_interrupt(int) {
  interrupts = interrupts + 1;
}

void on_interrupt(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read at the prompt returns
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  on_interrupt(count_interrupt);
}
InterruptGuard::~InterruptGuard() {
  on_interrupt(SIG_DFL);
}

bool InterruptGuard::take() {
  if (interrupts == 0) return false;
  interrupts = 0;
  return true;
}

}  // namespace sirocco
