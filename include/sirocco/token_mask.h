// SPDX-License-Identifier: Apache-2.0
// TokenMask: a constraint on the next token (a grammar, a schema). The engine keeps one per choice and calls
// it from one thread at a time: fill() before sampling, accept() with the token that was taken.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace sirocco {

class TokenMask {
 public:
  virtual ~TokenMask() = default;
  // Sets bit t of `bits` (word t / 32, bit t % 32) for every allowed token t and clears the others.
  // Returns false when everything is allowed; `bits` is then not read.
  virtual bool fill(std::span<uint32_t> bits) = 0;  // [ceil(W / 32)]
  // Advances by a token. Returns false if the grammar forbids it (the engine then ends the choice with an
  // error: it never happens for tokens that fill() allowed). End-of-text is a token like any other.
  virtual bool accept(int32_t token) = 0;
  // True when nothing but the end of the text may follow: the choice then finishes with reason `stop`.
  virtual bool finished() const = 0;
  // A copy in the same state, for the other choices of a request.
  virtual std::unique_ptr<TokenMask> clone() const = 0;
};

}  // namespace sirocco
