// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

namespace sirocco::http {

void serve_tls(tcp::socket socket, std::shared_ptr<ServerCore> core) {
  asio::ssl::stream<tcp::socket> stream(std::move(socket), *core->tls);
  std::make_shared<Connection<asio::ssl::stream<tcp::socket>>>(std::move(stream), std::move(core))->start();
}

}  // namespace sirocco::http
