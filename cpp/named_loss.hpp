// Losses by the names that Python gives them.
#pragma once

#include <string>

#include "binding.hpp"
#include "losses.hpp"

namespace binding {

// `call` with the loss of this name.
template <class Call>
auto with_loss(const std::string& name, Call&& call) {
  if (name == "bernoulli") return call(priorfit::Bernoulli{});
  if (name == "gamma") return call(priorfit::Gamma{});
  if (name == "squared-hinge") return call(priorfit::SquaredHinge{});
  if (name == "huber") return call(priorfit::Huber{});
  require(name == "poisson", "no native loss of this name");
  return call(priorfit::Poisson{});
}

}  // namespace binding
