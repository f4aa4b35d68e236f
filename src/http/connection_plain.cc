// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

namespace sirocco::http {

void serve_plain(tcp::socket socket, std::shared_ptr<ServerCore> core) {
  std::make_shared<Connection<tcp::socket>>(std::move(socket), std::move(core))->start();
}

}  // namespace sirocco::http
