#include "editor/session/node_text.h"

#include <algorithm>

#include "editor/session/text.h"
#include "graph/subgraph.h"
#include "host/port_label.h"

namespace weft::editor {

std::string shown_title(const NodeInfo& type) {
  const std::string& title = type.options.title.empty() ? type.id : type.options.title;
  return subgraph_of_type(type.id) ? title : tr_declared("node", title.c_str());
}

std::string shown_title(const ValueType& type) { return tr_declared("type", type.title.c_str()); }

std::string shown_menu(std::string_view menu) {
  if (menu == "Subgraphs") return tr("Subgraphs");  // where the engine puts them
  std::string shown;
  for (std::size_t from = 0; from <= menu.size();) {
    const std::size_t slash = std::min(menu.find('/', from), menu.size());
    if (from > 0) shown += '/';
    shown += tr_declared("menu", std::string(menu.substr(from, slash - from)).c_str());
    from = slash + 1;
  }
  return shown;
}

std::string port_label(std::string_view port_name) {
  const std::string english = host::port_label(port_name);
  return tr_declared("port", english.c_str());
}

std::string shown_choice(const std::string& choice) { return tr_declared("choice", choice.c_str()); }

}  // namespace weft::editor
