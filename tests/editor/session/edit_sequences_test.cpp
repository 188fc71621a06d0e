// Random sequences of gestures: undo to the start gives the first document byte for byte, redo the last.
#include <gtest/gtest.h>

#include "editor/session/annotations.h"
#include "editor/session/clipboard.h"
#include "editor/session/gestures.h"
#include "editor/session/layout.h"
#include "editor/session/seeds.h"
#include "tests/graph/random_workflows.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using random::one_of;
using random::up_to;

class User {
 public:
  explicit User(Document& document) : document_(document) {}

  /// One gesture, sensible or not; throws GraphError where it is refused.
  void act() {
    switch (up_to(27)) {
      case 0:
        add_node(document_, registry_, type(), point());
        return;
      case 1:
        remove(document_, registry_, selection(), up_to(1) == 1);
        return;
      case 2:
        rename(document_, node(), random::id());
        return;
      case 3:
        set_title(document_, node(), random::text());
        return;
      case 4:
        connect(document_, registry_, {port_of(node()), port_of(node())});
        return;
      case 5:
        if (const auto link = any_link()) disconnect(document_, {*link});
        return;
      case 6:
        lazy_connect(document_, registry_, node(), node());
        return;
      case 7:
        if (const auto link = any_link()) add_on_link(document_, registry_, type(), point(), *link);
        return;
      case 8:
        if (const auto link = any_link()) insert_on_link(document_, registry_, node(), *link);
        return;
      case 9:
      case 10:
        drag();
        return;
      case 11:
      case 12:
        set_param(document_, node(), one_of<std::string>({"steps", "seed", "text"}), random::literal());
        return;
      case 13:
        document_.end_gesture();
        return;
      case 14:
        clipboard_ = up_to(1) ? copy(document_, selection()) : cut(document_, registry_, selection());
        return;
      case 15:
        if (!clipboard_.empty())
          paste(document_, registry_, clipboard_, point(), up_to(1) ? OutsideLinks::Keep : OutsideLinks::Drop);
        return;
      case 16:
        duplicate(document_, registry_, selection());
        return;
      case 17:
        add_frame(document_, random::text(), {point(), {100, 50}});
        return;
      case 18:
        if (const auto link = any_link()) add_reroute(document_, link->source, link->target, point());
        return;
      case 19:
        set_bookmark(document_, static_cast<std::size_t>(up_to(10)), View{point(), 1.5});
        return;
      case 20:
        expose_input(document_, {node(), "steps"}, one_of<std::string>({"prompt", "größe"}));
        return;
      case 21:
        set_seed_mode(document_, node(), "seed", static_cast<runs::SeedMode>(up_to(2)));
        return;
      case 22:
        make_subgraph(document_, registry_, selection().nodes, one_of<std::string>({"draw", "größe"}));
        return;
      case 23:
        document_.enter(node());
        return;
      case 24:
        document_.leave(0);
        return;
      case 25:
        unpack_subgraph(document_, registry_, node());
        return;
      case 26:
        if (up_to(1))
          set_state(document_, selection().nodes, static_cast<NodeState>(up_to(2)));
        else
          promote(document_, {port_of(node()), up_to(1) == 1});
        return;
      default:
        move(document_,
            {.nodes = auto_layout(document_.graph(), selection().nodes, [](const auto&) { return Size{100, 60}; })});
    }
  }

 private:
  static Point point() { return {static_cast<double>(up_to(1000)), up_to(500) / 2.0}; }
  static std::string type() {
    return one_of<std::string>({"model.load", "text.encode", "sample.image", "image.grid", "image.save", "who.knows"});
  }
  std::string node() const {
    const auto nodes = document_.graph().nodes();
    return nodes.empty() ? "ghost" : one_of(nodes)->id;
  }
  static PortRef port_of(std::string node) {
    return {std::move(node), one_of<std::string>({"image", "images", "words", "model", "clip"})};
  }
  std::optional<Link> any_link() const {
    const std::vector<Link> links = links_of(document_.graph());
    return links.empty() ? std::nullopt : std::optional(one_of(links));
  }
  Selection selection() const {
    Selection some;
    for (const GraphNode* node : document_.graph().nodes())
      if (up_to(2) == 0) some.nodes.insert(node->id);
    for (const std::string& id : annotation_ids(annotations(document_)))
      if (up_to(2) == 0) some.annotations.insert(id);
    return some;
  }
  void drag() const {
    Positions at = positions(document_, selection());
    for (int step = up_to(3); step >= 0; --step) {
      for (auto& [id, place] : at.nodes) place = place + Point{1, 0.5};
      for (auto& [id, place] : at.annotations) place = place + Point{1, 0.5};
      move(document_, at);
    }
  }

  const Registry registry_ = sketch::registry();
  Document& document_;
  std::string clipboard_;
};

TEST(GestureProperty, UndoesAndRedoesAThousandSequencesByteForByte) {
  std::size_t made = 0;
  random::check(1000, [&made] {
    Document document(up_to(1) ? random::workflow() : parse_workflow(sketch::kWorkflow));
    const std::string first = to_text(document.workflow());
    const Workflow start = document.workflow();
    User user(document);
    for (int i = 10 + up_to(20); i > 0; --i) {
      const std::string before = to_text(document.workflow());
      try {
        user.act();
      } catch (const GraphError&) {
        RC_ASSERT(to_text(document.workflow()) == before);
      }
    }
    const std::string last = to_text(document.workflow());
    RC_ASSERT(to_text(parse_workflow(last)) == last);
    const std::size_t steps = document.position();
    const std::vector<std::string> names = document.step_names();
    std::vector<std::string> texts{last};
    while (document.undo()) texts.push_back(to_text(document.workflow()));
    RC_ASSERT(texts.back() == first);
    RC_ASSERT(document.workflow() == start);
    RC_ASSERT(texts.size() == steps + 1);
    for (std::size_t i = 1; i < texts.size(); ++i) RC_ASSERT(texts[i] != texts[i - 1]);  // no phantom steps
    while (document.redo()) {
    }
    RC_ASSERT(to_text(document.workflow()) == last);
    made += steps;
  });
  EXPECT_GT(made, 3000u) << "gestures must not be refused more often than not";
}

}  // namespace
}  // namespace weft::editor
