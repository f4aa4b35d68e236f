// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

namespace sirocco::http {

Exchange::Exchange(Request request, std::function<void(Work)> post, Work wake)
    : request_(std::move(request)), post_(std::move(post)), wake_(std::move(wake)) {}

void Exchange::respond(Response response) {
  {
    const std::lock_guard lock(mutex_);
    if (answered_) return;
    answered_ = finished_ = true;
    output_.bytes = std::move(response.body);
    output_.head = std::move(response);
    output_.finished = true;
  }
  wake_();
}

void Exchange::start(Response head) {
  {
    const std::lock_guard lock(mutex_);
    if (answered_) return;
    answered_ = true;
    output_.bytes = std::move(head.body);
    output_.head = std::move(head);
    output_.streaming = true;
  }
  wake_();
}

void Exchange::write(std::string_view bytes) {
  if (bytes.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (!answered_ || finished_ || gone_) return;
    output_.bytes += bytes;
  }
  wake_();
}

void Exchange::finish() {
  {
    const std::lock_guard lock(mutex_);
    if (!answered_ || finished_) return;
    finished_ = true;
    output_.finished = true;
  }
  wake_();
}

void Exchange::fill_idle(std::chrono::milliseconds interval, std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (answered_) return;
  idle_interval_ = interval;
  idle_bytes_ = std::move(bytes);
}

size_t Exchange::backlog_bytes() const {
  const std::lock_guard lock(mutex_);
  return output_.bytes.size() + in_flight_bytes_;
}

bool Exchange::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

void Exchange::on_gone(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      on_gone_ = std::move(work);
      return;
    }
  }
  if (work) post_(std::move(work));
}

void Exchange::on_drained(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (output_.bytes.size() + in_flight_bytes_ > 0 && !gone_) {
      on_drained_ = std::move(work);
      return;
    }
  }
  post_(std::move(work));
}

Exchange::Output Exchange::take() {
  const std::lock_guard lock(mutex_);
  Output out = std::move(output_);
  output_ = Output{};
  output_.streaming = out.streaming;
  in_flight_bytes_ = out.bytes.size();
  return out;
}

void Exchange::sent() {
  Work work;
  {
    const std::lock_guard lock(mutex_);
    in_flight_bytes_ = 0;
    if (output_.bytes.empty()) work = std::exchange(on_drained_, nullptr);
  }
  if (work) post_(std::move(work));
}

void Exchange::mark_gone() {
  Work work, drained;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    work = std::exchange(on_gone_, nullptr);
    drained = std::exchange(on_drained_, nullptr);
    output_.bytes.clear();
    in_flight_bytes_ = 0;
  }
  if (work) post_(std::move(work));
}

void Exchange::retire() {
  Work gone, drained;  // outlive the lock: they may hold the last reference to their owner
  const std::lock_guard lock(mutex_);
  gone = std::exchange(on_gone_, nullptr);
  drained = std::exchange(on_drained_, nullptr);
  finished_ = true;
}

}  // namespace sirocco::http
