// SPDX-License-Identifier: Apache-2.0
// One client's connection: a coroutine that reads a request, hands it to the handler and writes the answer,
// and beside it, while the answer is made, a second one that reads ahead. The reader ahead is how a client
// that leaves is noticed at once; what it reads is the start of the next request (pipelining), bounded by
// the header limit. All runs on one strand. Private to src/http; S is a TCP or TLS stream.
#pragma once

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/head.h"
#include "http/server_core.h"
#include "http/signal.h"

namespace sirocco::http {

namespace beast = boost::beast;
using boost::system::error_code;

template <class S>
class Connection final : public ConnectionBase, public std::enable_shared_from_this<Connection<S>> {
 public:
  Connection(S stream, std::shared_ptr<ServerCore> core)
      : stream_(std::move(stream)),
        core_(std::move(core)),
        buffer_(core_->options.max_header_bytes + kReadAheadBytes),
        deadline_(stream_.get_executor()),
        output_ready_(stream_.get_executor()),
        reader_done_(stream_.get_executor()) {}

  void start() {
    asio::co_spawn(
        stream_.get_executor(), [self = this->shared_from_this()] { return self->run(); }, asio::detached);
  }

  void close() override {
    asio::post(stream_.get_executor(), [weak = this->weak_from_this()] {
      if (auto self = weak.lock()) self->abort();
    });
  }

 private:
  using Parser = beast::http::request_parser<beast::http::string_body>;
  static constexpr size_t kReadAheadBytes = 4096;
  static constexpr size_t kWriteBytes = 64 << 10;  // a slow reader must take one slice per write_timeout

  asio::awaitable<void> run() {
    const auto self = this->shared_from_this();
    const bool admitted = core_->enter(self);
    if (co_await handshake()) {
      if (!admitted) {
        const Request unread;
        co_await refuse(unread, 503, "too many connections");
      } else {
        while (co_await serve_one()) {
        }
      }
      co_await shut_down();
    }
    core_->leave(this);
    abort();
  }

  asio::awaitable<bool> handshake() {
    if constexpr (!std::is_same_v<S, tcp::socket>) {
      error_code error;
      set_deadline(core_->options.header_timeout);
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    }
    co_return true;
  }

  // True if another request may follow.
  asio::awaitable<bool> serve_one() {
    if (!co_await await_first_byte()) co_return false;
    reserved_bytes_ = 0;
    Parser parser;
    Request request;
    const int status = co_await read_request(parser, request);
    bool again = false;
    if (status == 0) {
      again = co_await answer(std::move(request), parser.get().version(), parser.keep_alive());
    } else if (status > 0) {
      co_await refuse(request, status, refusal_text(status));
    }
    core_->release_body(reserved_bytes_);
    co_return again;
  }

  // Between requests only the reader ahead waits. Where it has the next request already (pipelining), its
  // wait for more is called off: the parser reads from here on.
  asio::awaitable<bool> await_first_byte() {
    if (buffer_.size() == 0 && !reading_ && !gone_) start_reader();
    set_deadline(core_->options.idle_timeout);
    if (reading_ && buffer_.size() > 0) {
      error_code ignored;
      called_off_ = true;
      stream_lowest().cancel(ignored);
    }
    while (reading_) co_await reader_done_.wait_until(Signal::Clock::time_point::max());
    co_return buffer_.size() > 0 && !core_->stopping && stream_lowest().is_open();
  }

  // 0: a request; positive: the status to refuse it with; negative: nobody is there any more.
  asio::awaitable<int> read_request(Parser& parser, Request& request) {
    error_code error;
    parser.header_limit(static_cast<uint32_t>(core_->options.max_header_bytes));
    parser.body_limit(core_->options.max_body_bytes);
    timed_out_ = false;
    set_deadline(core_->options.header_timeout, /*keep_open=*/true);
    co_await beast::http::async_read_header(stream_, buffer_, parser,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      take_head(parser.get(), request);  // as far as it goes: a refusal answers to its headers
      co_return timed_out_ ? 408 : status_of(error);
    }
    if (!take_head(parser.get(), request)) co_return 400;
    if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue") && !parser.is_done()) {
      if (!co_await send("HTTP/1.1 100 Continue\r\n\r\n")) co_return -1;
    }
    set_deadline(core_->options.body_timeout, /*keep_open=*/true);
    while (!parser.is_done()) {
      co_await beast::http::async_read_some(stream_, buffer_, parser,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return timed_out_ ? 408 : status_of(error);
      const size_t grown = parser.get().body().size() - reserved_bytes_;
      if (!core_->reserve_body(grown)) co_return 503;
      reserved_bytes_ += grown;
    }
    deadline_.cancel();
    error_code ignored;
    const auto peer = stream_lowest().remote_endpoint(ignored);
    request.peer = fmt::format("{}:{}", peer.address().to_string(), peer.port());
    request.body = std::move(parser.get().body());
    co_return 0;
  }

  static int status_of(const error_code& error) {
    using E = beast::http::error;
    if (error == E::header_limit || error == E::buffer_overflow) return 431;
    if (error == E::body_limit) return 413;
    if (error == E::end_of_stream || error == E::partial_message) return -1;
    if (error.category() == beast::http::make_error_code(E::bad_method).category()) return 400;
    return -1;  // the socket broke
  }

  asio::awaitable<bool> answer(Request request, unsigned version, bool keep_alive) {
    const AnswerHead how{.version = version,
                         .head_only = request.method == "HEAD",
                         .keep_alive = keep_alive && !core_->stopping};
    const auto exchange = std::make_shared<Exchange>(std::move(request), poster(), waker());
    exchange_ = exchange;
    ++core_->answering;
    dispatch(exchange);
    if (!reading_) start_reader();
    const bool whole = co_await write_answer(*exchange, how);
    --core_->answering;
    exchange_.reset();
    if (!whole) exchange->mark_gone();
    exchange->retire();
    deadline_.cancel();
    co_return whole&& how.keep_alive && !ends_with_socket_ && !gone_;
  }

  asio::awaitable<bool> write_answer(Exchange& exchange, AnswerHead how) {
    for (;;) {
      Exchange::Output out = exchange.take();
      if (gone_) co_return false;
      std::string bytes;
      if (out.head) bytes = format_head(*out.head, how, out.streaming, out.bytes.size());
      if (!how.head_only) append_body(bytes, out.bytes, out.streaming && how.version >= 11, out.finished);
      if (!bytes.empty() && !co_await send(bytes)) co_return false;
      exchange.sent();
      if (out.finished) {
        ends_with_socket_ = out.streaming && how.version < 11;  // HTTP/1.0 has no chunks
        co_return true;
      }
      if (!bytes.empty()) continue;
      const auto interval = out.streaming ? exchange.idle_interval() : std::chrono::milliseconds(0);
      const auto now = Signal::Clock::now();
      const bool fills = interval.count() > 0;
      co_await output_ready_.wait_until(fills ? now + interval : Signal::Clock::time_point::max());
      if (fills && Signal::Clock::now() - now >= interval) exchange.write(exchange.idle_bytes());
    }
  }

  asio::awaitable<bool> send(std::string_view bytes) {
    error_code error;
    for (size_t done = 0; done < bytes.size() && !error;) {
      const std::string_view slice = bytes.substr(done, kWriteBytes);
      set_deadline(core_->options.write_timeout);
      co_await asio::async_write(stream_, asio::buffer(slice.data(), slice.size()),
                                 asio::redirect_error(asio::use_awaitable, error));
      done += slice.size();
    }
    deadline_.cancel();
    co_return !error;
  }

  // The handler gets a handle of its own: when its last copy goes, an answer that is still owed is given.
  void dispatch(const std::shared_ptr<Exchange>& exchange) {
    ExchangePtr handle(exchange.get(), [exchange, core = core_](Exchange* dropped) {
      dropped->respond(core->error(dropped->request(), 500, "the request was dropped without an answer"));
      dropped->finish();
    });
    exchange->post(
        [core = core_, handle = std::move(handle)]() mutable { core->handler(std::move(handle)); });
  }

  auto poster() {
    return [core = core_, strand = asio::make_strand(core_->workers.get_executor())](Exchange::Work work) {
      asio::post(strand, [work = std::move(work)] {
        try {
          work();
        } catch (...) {  // a bug above; what it held is dropped, and the client gets a 500
        }
      });
    };
  }
  auto waker() {
    return [weak = this->weak_from_this(), executor = stream_.get_executor(), core = core_] {
      asio::post(executor, [weak] {
        if (auto self = weak.lock()) self->output_ready_.set();
      });
    };
  }

  void start_reader() {
    reading_ = true;
    called_off_ = false;
    asio::co_spawn(
        stream_.get_executor(), [self = this->shared_from_this()] { return self->read_ahead(); },
        asio::detached);
  }

  // One read between requests; while an answer is made, reads until the buffer is full or the client left.
  asio::awaitable<void> read_ahead() {
    error_code error;
    do {
      const auto room = buffer_.prepare(kReadAheadBytes);
      const size_t got =
          co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
      buffer_.commit(got);
    } while (!error && exchange_ && buffer_.size() + kReadAheadBytes <= core_->options.max_header_bytes);
    reading_ = false;
    if (error && !(std::exchange(called_off_, false) && error == asio::error::operation_aborted)) {
      gone_ = true;
      if (exchange_) exchange_->mark_gone();
      output_ready_.set();
    }
    reader_done_.set();
  }

  asio::awaitable<void> refuse(const Request& request, int status, std::string_view message) {
    const Response response = core_->error(request, status, message);
    std::string bytes = format_head(response, AnswerHead{}, false, response.body.size());
    bytes += response.body;
    co_await send(bytes);
  }

  // Lets the client read what was sent before the socket closes: closing with unread input would reset it.
  asio::awaitable<void> shut_down() {
    error_code error;
    set_deadline(std::chrono::seconds(2));
    if constexpr (!std::is_same_v<S, tcp::socket>) {
      co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    }
    stream_lowest().shutdown(tcp::socket::shutdown_send, error);
    char sink[16 << 10];
    for (size_t drained = 0; !error && !gone_ && !reading_ && drained < (64u << 20);) {
      drained += co_await stream_lowest().async_read_some(asio::buffer(sink),
                                                          asio::redirect_error(asio::use_awaitable, error));
    }
  }

  // With keep_open only reading ends when the time is up, so that a refusal can still be sent.
  void set_deadline(std::chrono::milliseconds wait, bool keep_open = false) {
    deadline_.expires_after(wait);
    deadline_.async_wait([weak = this->weak_from_this(), keep_open](const error_code& error) {
      auto self = error ? nullptr : weak.lock();
      if (!self) return;
      self->timed_out_ = true;
      error_code ignored;
      if (keep_open) {
        self->stream_lowest().cancel(ignored);
      } else {
        self->abort();
      }
    });
  }

  void abort() {
    error_code ignored;
    deadline_.cancel();
    stream_lowest().close(ignored);
  }

  tcp::socket& stream_lowest() {
    if constexpr (std::is_same_v<S, tcp::socket>) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }

  S stream_;
  const std::shared_ptr<ServerCore> core_;
  beast::flat_buffer buffer_;
  asio::steady_timer deadline_;
  Signal output_ready_, reader_done_;
  std::shared_ptr<Exchange> exchange_;  // while an answer is made
  size_t reserved_bytes_ = 0;
  bool reading_ = false;     // the reader ahead is at work
  bool called_off_ = false;  // it was told to stop
  bool gone_ = false;
  bool timed_out_ = false;
  bool ends_with_socket_ = false;
};

}  // namespace sirocco::http
