// SPDX-License-Identifier: Apache-2.0
// A plain blocking HTTP client for tests: it can be slow, rude and wrong on purpose.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace sirocco {

struct HttpAnswer {
  int status = 0;                              // 0: the connection closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks joined
  Json json() const;
  std::vector<Json> events() const;  // of an event stream, [DONE] and comments left out
  std::vector<std::string> event_names() const;
};

class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer_bytes = 0);
  ~Client();
  Client(const Client&) = delete;

  bool send(std::string_view bytes);
  std::string receive(std::chrono::milliseconds wait);  // what comes next; "" on the end or in vain
  std::string receive_until(std::string_view mark);     // and all before it
  HttpAnswer answer(bool head = false);                     // one whole answer
  bool closed(std::chrono::milliseconds wait);          // the server closed within this time
  void close();
  void reset();  // closes with RST

 private:
  bool fill(std::chrono::milliseconds wait);
  int fd_ = -1;
  std::string buffer_;
};

std::string request_text(const std::string& method, const std::string& path, const std::string& body = {},
                         const std::string& headers = {});
HttpAnswer fetch(uint16_t port, const std::string& method, const std::string& path,
                 const Json& body = nullptr, const std::string& headers = {});

}  // namespace sirocco
