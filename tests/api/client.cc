// SPDX-License-Identifier: Apache-2.0
#include "api/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace sirocco {

constexpr std::chrono::milliseconds kPatience{20'000};

Json HttpAnswer::json() const {
  return Json::parse(body, nullptr, false);
}

std::vector<Json> HttpAnswer::events() const {
  std::vector<Json> out;
  size_t at = 0;
  while ((at = body.find("data: ", at)) != std::string::npos) {
    const size_t end = body.find("\n\n", at);
    const std::string data = body.substr(at + 6, end - at - 6);
    if (data != "[DONE]") out.push_back(Json::parse(data, nullptr, false));
    at = end;
  }
  return out;
}

std::vector<std::string> HttpAnswer::event_names() const {
  std::vector<std::string> out;
  size_t at = 0;
  while ((at = body.find("event: ", at)) != std::string::npos) {
    const size_t end = body.find('\n', at);
    out.push_back(body.substr(at + 7, end - at - 7));
    at = end;
  }
  return out;
}

Client::Client(uint16_t port, int receive_buffer_bytes) {
  fd_ = socket(AF_INET, SOCK_STREAM, 0);
  if (receive_buffer_bytes > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) close();
}

Client::~Client() {
  close();
}

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Client::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Client::fill(std::chrono::milliseconds wait) {
  pollfd poller{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&poller, 1, static_cast<int>(wait.count())) <= 0) return false;
  char bytes[64 << 10];
  const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(got));
  return true;
}

std::string Client::receive(std::chrono::milliseconds wait) {
  if (buffer_.empty()) fill(wait);
  return std::exchange(buffer_, {});
}

std::string Client::receive_until(std::string_view mark) {
  size_t at = 0;
  while ((at = buffer_.find(mark)) == std::string::npos) {
    if (!fill(kPatience)) return std::exchange(buffer_, {});
  }
  std::string out = buffer_.substr(0, at + mark.size());
  buffer_.erase(0, at + mark.size());
  return out;
}

bool Client::closed(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  while (std::chrono::steady_clock::now() < end) {
    pollfd poller{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&poller, 1, 20) <= 0) continue;
    char bytes[4096];
    if (recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
  }
  return false;
}

HttpAnswer Client::answer(bool head) {
  HttpAnswer out;
  const std::string text = receive_until("\r\n\r\n");
  if (text.size() < 12 || !text.starts_with("HTTP/1.")) return out;
  out.status = std::stoi(text.substr(9, 3));
  for (size_t line = text.find("\r\n") + 2; line + 2 < text.size(); line = text.find("\r\n", line) + 2) {
    const size_t colon = text.find(": ", line);
    std::string name = text.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    out.headers[name] = text.substr(colon + 2, text.find("\r\n", line) - colon - 2);
  }
  if (out.status == 100) return answer(head);
  if (head || out.status == 204) return out;
  if (out.headers.contains("content-length")) {
    const auto length = static_cast<size_t>(std::stoul(out.headers["content-length"]));
    while (buffer_.size() < length && fill(kPatience)) {
    }
    out.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  } else if (out.headers.contains("transfer-encoding")) {
    for (;;) {
      const std::string size_text = receive_until("\r\n");
      if (size_text.empty()) break;
      const size_t size = std::stoul(size_text, nullptr, 16);
      while (buffer_.size() < size + 2 && fill(kPatience)) {
      }
      out.body += buffer_.substr(0, size);
      buffer_.erase(0, size + 2);
      if (size == 0) break;
    }
  } else {
    while (fill(kPatience)) {
    }
    out.body = std::exchange(buffer_, {});
  }
  return out;
}

std::string request_text(const std::string& method, const std::string& path, const std::string& body,
                         const std::string& headers) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}", method, path, headers);
  if (!body.empty() || method == "POST") {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  return text + "\r\n" + body;
}

HttpAnswer fetch(uint16_t port, const std::string& method, const std::string& path, const Json& body,
                 const std::string& headers) {
  Client client(port);
  client.send(request_text(method, path, body.is_null() ? "" : body.dump(), headers));
  return client.answer(method == "HEAD");
}

}  // namespace sirocco
