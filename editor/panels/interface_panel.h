// The names that the graph which is shown has for those outside it (a workflow's for its callers, a definition's ports for
// its instances), and the workflow's subgraphs. Part of the inspector, where no node is selected.
#pragma once

namespace weft::editor {

class App;
class Document;

void draw_interface(App& app, Document& document);

}  // namespace weft::editor
