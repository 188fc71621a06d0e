// Problems as they are told. A foreign file may have a hundred thousand of them, each with an id of a megabyte: so
// their number and their length are bounded.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace weft::cli {

/// "node "sampler", port "steps": ...", fit for a line.
std::string problem_line(const Problem& problem);

/// {"node", "port", "what", "remedy"}
nlohmann::json problem_json(const Problem& problem);

/// So many are told to people, and to programs that asked for a list.
inline constexpr std::size_t kMostLines = 100, kMostListed = 10'000;

/// "... and 99,900 more"; nothing if all were told.
std::string and_more(std::size_t count, std::size_t told);

/// Hands the first of `all` to `tell`, then and_more() to `tell_more`.
template <class T, class Tell, class TellMore>
void tell_first(const std::vector<T>& all, const Tell& tell, const TellMore& tell_more) {
  for (const T& each : std::span(all).first(std::min(all.size(), kMostLines))) tell(each);
  if (const std::string more = and_more(all.size(), kMostLines); !more.empty()) tell_more(more);
}

}  // namespace weft::cli
