// SPDX-License-Identifier: Apache-2.0
// Signal: a condition variable for the coroutines of one strand. Private to src/http.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace sirocco::http {

class Signal {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void set() {
    set_ = true;
    timer_.cancel();
  }
  // Until set() or the time; clears the signal.
  boost::asio::awaitable<void> wait_until(Clock::time_point time) {
    if (!set_) {
      boost::system::error_code ignored;
      timer_.expires_at(time);
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    set_ = false;
  }

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace sirocco::http
