#include "cli/problems.h"

#include <fmt/format.h>

#include "cli/terminal.h"

namespace weft::cli {

namespace {

Problem bounded(const Problem& problem, int longest) {
  const auto cut = [&](const std::string& text) { return shortened(text, longest); };
  return {cut(problem.node), cut(problem.port), cut(problem.what), cut(problem.remedy)};
}

}  // namespace

std::string problem_line(const Problem& problem) { return one_line(bounded(problem, 1000).text()); }

nlohmann::json problem_json(const Problem& problem) {
  const Problem told = bounded(problem, 10'000);
  return {{"node", told.node}, {"port", told.port}, {"what", told.what}, {"remedy", told.remedy}};
}

std::string and_more(std::size_t count, std::size_t told) {
  return count <= told ? "" : fmt::format("... and {} more", count - told);
}

}  // namespace weft::cli
