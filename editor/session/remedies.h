// What can be done about a problem with one click, worked out from the node and the port that it names: the engine tells
// what is wrong and knows nothing of hands. [main-thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/links.h"
#include "editor/session/missing.h"

namespace weft::editor {

struct Remedy {
  enum class Kind : std::uint8_t { Link, AddNode, ChooseModel, AddModelFolder, ChooseFile, Replace, Bypass };
  Kind kind = Kind::Link;
  std::string text;  ///< of its button, in the user's language
  std::optional<Link> link = {};  ///< that Kind::Link makes, in the spot's graph
};

/// A problem as a user reads it.
struct ToldProblem {
  Problem problem;
  bool failed = false;  ///< a run found it; else the check of the workflow
  std::optional<Spot> spot;
  std::string title;  ///< of the node; empty where the problem is of none
  std::string what;
  std::string advice;  ///< what to do where no button does it; may be empty
  std::vector<Remedy> remedies;
};

ToldProblem tell(const Document& document, const Registry& registry, const Problem& problem);
/// First `failed`, what the last run said, without what the check says again; then what the check found.
std::vector<ToldProblem> tell_all(const Document& document, const Registry& registry,
    const std::vector<Problem>& failed, const std::vector<Problem>& found);

/// Makes the link of a Remedy::Kind::Link.
void make_link(Document& document, const Registry& registry, const Spot& spot, const Link& link);

}  // namespace weft::editor
