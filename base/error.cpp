#include "base/error.h"

#include <fmt/format.h>

#include "base/byte_text.h"
#include "base/error_text.h"

namespace weft {
namespace {

std::string sentence(const std::string& what, const std::string& remedy) {
  return remedy.empty() ? what : fmt::format("{}: {}", what, remedy);
}

std::string list(const std::vector<Problem>& problems) {
  if (problems.size() == 1) return problems.front().text();
  std::string text = fmt::format("{} problems", problems.size());
  for (const Problem& problem : problems) text += "\n  " + problem.text();
  return text;
}

/// What is known of it.
std::string shortage(const std::string& device, std::uint64_t wanted, std::uint64_t free) {
  std::string text = fmt::format("out of memory on {}", device);
  if (wanted > 0) text += fmt::format(": {} are needed", byte_text(wanted));
  if (free > 0) text += fmt::format("{} {} are free", wanted > 0 ? "," : ":", byte_text(free));
  return text;
}

}  // namespace

std::string Problem::text() const {
  std::string where;
  if (!node.empty()) where = fmt::format("node \"{}\"", node);
  if (!port.empty()) where += fmt::format("{}port \"{}\"", where.empty() ? "" : ", ", port);
  return where.empty() ? sentence(what, remedy) : fmt::format("{}: {}", where, sentence(what, remedy));
}

GraphError::GraphError(Problem problem) : GraphError(std::vector{std::move(problem)}) {}

GraphError::GraphError(std::vector<Problem> problems)
    : std::runtime_error(list(problems)), problems_(std::move(problems)) {}

NodeError::NodeError(const std::string& what, const std::string& remedy) : std::runtime_error(sentence(what, remedy)) {}

OutOfMemory::OutOfMemory(const std::string& device, std::uint64_t wanted_bytes, std::uint64_t free_bytes)
    : NodeError(shortage(device, wanted_bytes, free_bytes),
          "make the picture or the batch smaller, or use a smaller model or dtype"),
      device_(device),
      wanted_bytes_(wanted_bytes),
      free_bytes_(free_bytes) {}

PluginError::PluginError(const std::string& what, const std::string& remedy)
    : std::runtime_error(sentence(what, remedy)) {}

ErrorText::~ErrorText() = default;
std::optional<OutOfMemory> ErrorText::shortage_in(const std::exception&) const { return std::nullopt; }

}  // namespace weft
