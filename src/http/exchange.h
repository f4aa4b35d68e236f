// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its answer, the only thing that handlers see of HTTP. An answer is either whole
// (respond) or a stream (start, write…, finish). All methods may be called from any thread; callbacks and
// posted work run one at a time on the worker pool. An exchange that is dropped without an answer is
// answered with 500, so no request is ever left hanging.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sirocco::http {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Work = std::function<void()>;

  // `post` queues work on the pool, one piece at a time; `wake` tells the connection that take() has news.
  Exchange(Request request, std::function<void(Work)> post, Work wake);

  const Request& request() const { return request_; }

  void respond(Response response);
  void start(Response head);  // head.body is the first piece
  void write(std::string_view bytes);
  void finish();
  // While a stream is idle for `interval`, `bytes` are sent: proxies and clients see that it lives, and a
  // peer that vanished is noticed. Call before start().
  void fill_idle(std::chrono::milliseconds interval, std::string bytes);

  size_t backlog_bytes() const;  // written but not yet handed to the kernel
  bool gone() const;             // the client left, or the connection broke
  void on_gone(Work work);       // posted once, at once if it is already so
  void on_drained(Work work);    // posted once, when the backlog is next empty

  void post(Work work) { post_(std::move(work)); }

  // The connection's side.
  struct Output {
    std::optional<Response> head;
    std::string bytes;
    bool finished = false;
    bool streaming = false;
  };
  Output take();
  void sent();  // what take() gave is out
  void mark_gone();
  // These two only once take() said `streaming`: from then on nobody writes them.
  std::chrono::milliseconds idle_interval() const { return idle_interval_; }
  const std::string& idle_bytes() const { return idle_bytes_; }
  void retire();  // the answer is over: drops the callbacks, and what they hold

 private:
  const Request request_;
  const std::function<void(Work)> post_;
  const Work wake_;
  std::chrono::milliseconds idle_interval_{0};
  std::string idle_bytes_;

  mutable std::mutex mutex_;
  Output output_;  // all below: guarded by mutex_
  bool answered_ = false;
  bool finished_ = false;
  bool gone_ = false;
  size_t in_flight_bytes_ = 0;
  Work on_gone_, on_drained_;
};

// What handlers hold: when the last copy goes without an answer, the client gets a 500.
using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(ExchangePtr)>;

}  // namespace sirocco::http
