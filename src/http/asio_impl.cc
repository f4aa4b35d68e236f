// SPDX-License-Identifier: Apache-2.0
// Asio and Beast, compiled once (BOOST_*_SEPARATE_COMPILATION) and not in every file that uses them.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
