// Search: fuzzy matching for palettes: node types, commands, nodes of a graph. Letters of the query in their
// order, with gaps; starts of words, runs of letters and whole words count more. What was used often and
// lately comes earlier.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "editor/session/commands.h"
#include "editor/session/links.h"
#include "editor/session/settings.h"
#include "graph/registry.h"

namespace weft::editor {

struct FuzzyMatch {
  double score = 0;                    ///< 0 to 1; 1: the text is the query
  std::vector<std::size_t> positions;  ///< bytes of the text that matched, ascending: for highlighting
};

/// Upper and lower case are equal. None if a letter of the query is missing. An empty query matches all with
/// score 0.
std::optional<FuzzyMatch> fuzzy_match(std::string_view query, std::string_view text);

/// Something that can be found: what is searched, in order of weight.
struct Searchable {
  std::string key;    ///< for usage, and for who asks
  std::string title;  ///< matched positions refer to this
  std::string id;
  std::string menu;
  std::vector<std::string> names;  ///< others that it is known by: the title as its plugin declares it, ComfyUI's
  std::string words;  ///< docs, port types: matched by whole words' beginnings only
  double before = 0;  ///< so much it comes before others, whatever is searched: 0 to 0.1
};

struct SearchHit {
  std::size_t index = 0;  ///< in the list that was searched
  double score = 0;
  std::vector<std::size_t> title_positions;
};

/// Best first; equal ones in the order of the list. Each word of the query must be found somewhere. An empty
/// query gives all: those that were used first, then the rest.
std::vector<SearchHit> search(std::string_view query, const std::vector<Searchable>& list, const UsageMap& usage = {});

std::vector<Searchable> searchable_nodes(const Registry& registry);
/// Of what may take a dragged link: same order as `choices`.
std::vector<Searchable> searchable_choices(const std::vector<NodeChoice>& choices);
std::vector<Searchable> searchable_commands(const Commands& commands);
/// Nodes of a graph, for "find node": ids, titles, types, texts in params.
std::vector<Searchable> searchable_graph(const Graph& graph, const Registry& registry);

}  // namespace weft::editor
