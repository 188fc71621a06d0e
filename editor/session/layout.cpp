// Layered drawing of a graph (Sugiyama, Tagawa, Toda 1981): layers by longest paths, links over several
// layers led through empty places, order in the layers by barycentres, then heights that pull linked nodes to
// one line, which for a given order is an isotonic regression.
#include "editor/session/layout.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <cmath>
#include <numeric>
#include <optional>

#include "editor/session/node_ui.h"
#include "graph/node_types.h"

namespace weft::editor {
namespace {

/// More places for passing links than this make no picture clearer, only slower.
constexpr std::size_t kMostPassages = 20000;
constexpr int kOrderSweeps = 12;
constexpr int kHeightSweeps = 8;

struct Box {
  std::string id;
  Rect rect;
};

std::vector<Box> boxes_of(const Graph& graph, const Ids& nodes, const SizeOf& size) {
  std::vector<Box> boxes;
  for (const GraphNode* node : graph.nodes())
    if (nodes.empty() || nodes.contains(node->id)) boxes.push_back({node->id, {node_ui(*node).at, size(node->id)}});
  return boxes;
}

Point top_left(const std::vector<Box>& boxes) {
  Point corner = boxes.front().rect.at;
  for (const Box& box : boxes) corner = {std::min(corner.x, box.rect.at.x), std::min(corner.y, box.rect.at.y)};
  return corner;
}

/// A node of the drawing: one of the graph, or a place where a link passes a layer.
struct Vertex {
  Size size;
  std::size_t layer = 0;
  bool passage = false;
  std::vector<std::size_t> left, right;  ///< neighbours: what feeds it, what it feeds
  double y = 0;                          ///< of its middle
};

/// One connected part of the drawing.
class Part {
 public:
  Part(const Graph& graph, std::vector<Box> boxes, LayoutSpacing spacing)
      : boxes_(std::move(boxes)), spacing_(spacing), vertices_(boxes_.size()) {
    for (std::size_t i = 0; i < boxes_.size(); ++i) vertices_[i].size = boxes_[i].rect.size;
    find_links(graph);
    choose_layers(graph);
    lead_long_links();
    order_layers();
    choose_heights();
  }

  /// Moves the part so that its top left is `at`; gives its size.
  Size place(Point at, Places& places) const {
    std::vector<double> x(layers_.size() + 1, 0);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      double width = 0;
      for (const std::size_t v : layers_[l]) width = std::max(width, vertices_[v].size.width);
      x[l + 1] = x[l] + width + spacing_.between_layers;
    }
    double top = top_of(vertices_.front()), bottom = top;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      top = std::min(top, top_of(vertices_[i]));
      bottom = std::max(bottom, top_of(vertices_[i]) + vertices_[i].size.height);
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Vertex& vertex = vertices_[i];
      places[boxes_[i].id] = {std::round(at.x + x[vertex.layer]), std::round(at.y + top_of(vertex) - top)};
    }
    return {x.back() - spacing_.between_layers, bottom - top};
  }

 private:
  static double top_of(const Vertex& vertex) { return vertex.y - vertex.size.height / 2; }

  void find_links(const Graph& graph) {
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t i = 0; i < boxes_.size(); ++i) index[boxes_[i].id] = i;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      for (const auto& [source, target] : graph.links_from(boxes_[i].id))
        if (const auto found = index.find(target.node); found != index.end())
          vertices_[i].right.push_back(found->second);
      std::vector<std::size_t>& right = vertices_[i].right;
      std::ranges::sort(right);
      right.erase(std::ranges::unique(right).begin(), right.end());
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i)
      for (const std::size_t target : vertices_[i].right) vertices_[target].left.push_back(i);
  }

  /// The longest way from a node without inputs; those without inputs come next to the first that they feed.
  void choose_layers(const Graph& graph) {
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t i = 0; i < boxes_.size(); ++i) index[boxes_[i].id] = i;
    for (const std::string& id : graph.topological_order()) {
      const auto found = index.find(id);
      if (found == index.end()) continue;
      Vertex& vertex = vertices_[found->second];
      for (const std::size_t source : vertex.left) vertex.layer = std::max(vertex.layer, vertices_[source].layer + 1);
    }
    for (Vertex& vertex : vertices_) {
      if (!vertex.left.empty() || vertex.right.empty()) continue;
      std::size_t nearest = vertices_[vertex.right.front()].layer;
      for (const std::size_t target : vertex.right) nearest = std::min(nearest, vertices_[target].layer);
      vertex.layer = nearest - 1;
    }
  }

  void lead_long_links() {
    std::size_t passages = 0;
    for (const Vertex& vertex : vertices_)
      for (const std::size_t target : vertex.right) passages += vertices_[target].layer - vertex.layer - 1;
    if (passages > kMostPassages) return;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const std::vector<std::size_t> targets = vertices_[i].right;
      for (const std::size_t target : targets)
        if (vertices_[target].layer > vertices_[i].layer + 1) lead(i, target);
    }
  }

  void lead(std::size_t source, std::size_t target) {
    std::size_t last = source;
    std::erase(vertices_[source].right, target);
    std::erase(vertices_[target].left, source);
    for (std::size_t layer = vertices_[source].layer + 1; layer < vertices_[target].layer; ++layer) {
      vertices_.push_back({.layer = layer, .passage = true});
      link(last, vertices_.size() - 1);
      last = vertices_.size() - 1;
    }
    link(last, target);
  }

  void link(std::size_t source, std::size_t target) {
    vertices_[source].right.push_back(target);
    vertices_[target].left.push_back(source);
  }

  void order_layers() {
    for (std::size_t v = 0; v < vertices_.size(); ++v) {
      if (vertices_[v].layer >= layers_.size()) layers_.resize(vertices_[v].layer + 1);
      layers_[vertices_[v].layer].push_back(v);
    }
    std::vector<std::vector<std::size_t>> best = layers_;
    std::size_t fewest = crossings();
    for (int sweep = 0; sweep < kOrderSweeps && fewest > 0; ++sweep) {
      order_by_neighbours(sweep % 2 == 0);
      if (const std::size_t now = crossings(); now < fewest) {
        fewest = now;
        best = layers_;
      }
    }
    layers_ = std::move(best);
  }

  std::vector<std::size_t> ranks() const {
    std::vector<std::size_t> rank(vertices_.size());
    for (const auto& layer : layers_)
      for (std::size_t i = 0; i < layer.size(); ++i) rank[layer[i]] = i;
    return rank;
  }

  /// Sorts each layer by the middle of its neighbours in the layers that were sorted before.
  void order_by_neighbours(bool rightwards) {
    std::vector<std::size_t> rank = ranks();
    std::vector<double> middle(vertices_.size());
    for (std::size_t step = 0; step < layers_.size(); ++step) {
      std::vector<std::size_t>& layer = layers_[rightwards ? step : layers_.size() - 1 - step];
      for (const std::size_t v : layer) {
        const std::vector<std::size_t>& neighbours = rightwards ? vertices_[v].left : vertices_[v].right;
        double sum = 0;
        for (const std::size_t n : neighbours) sum += static_cast<double>(rank[n]);
        middle[v] = neighbours.empty() ? static_cast<double>(rank[v]) : sum / static_cast<double>(neighbours.size());
      }
      std::ranges::stable_sort(layer, {}, [&](std::size_t v) { return middle[v]; });
      for (std::size_t i = 0; i < layer.size(); ++i) rank[layer[i]] = i;
    }
  }

  /// Links that cross between neighbouring layers: inversions, counted with a tree of sums.
  std::size_t crossings() const {
    const std::vector<std::size_t> rank = ranks();
    std::size_t count = 0;
    for (const auto& layer : layers_) {
      std::vector<std::size_t> ends;
      for (const std::size_t v : layer) {
        const std::size_t begin = ends.size();
        for (const std::size_t n : vertices_[v].right) ends.push_back(rank[n]);
        std::sort(ends.begin() + static_cast<std::ptrdiff_t>(begin), ends.end());
      }
      if (ends.empty()) continue;
      std::vector<std::size_t> sums(*std::ranges::max_element(ends) + 2, 0);
      std::size_t seen = 0;
      for (const std::size_t end : ends) {
        std::size_t before = 0;
        for (std::size_t i = end + 1; i > 0; i -= i & (~i + 1)) before += sums[i];
        count += seen++ - before;
        for (std::size_t i = end + 1; i < sums.size(); i += i & (~i + 1)) ++sums[i];
      }
    }
    return count;
  }

  void choose_heights() {
    for (const auto& layer : layers_) {
      double y = 0;
      for (std::size_t i = 0; i < layer.size(); ++i)
        vertices_[layer[i]].y = y += i == 0 ? 0 : gap(layer[i - 1], layer[i]);
    }
    for (int sweep = 0; sweep < kHeightSweeps; ++sweep) {
      const bool rightwards = sweep % 2 == 0;
      for (std::size_t step = 0; step < layers_.size(); ++step)
        pull(layers_[rightwards ? step : layers_.size() - 1 - step], rightwards);
    }
  }

  /// The least distance between the middles of two that follow each other.
  double gap(std::size_t above, std::size_t below) const {
    const double room =
        vertices_[above].passage && vertices_[below].passage ? spacing_.between_nodes / 2 : spacing_.between_nodes;
    return (vertices_[above].size.height + vertices_[below].size.height) / 2 + room;
  }

  /// Brings a layer as near as its order allows to the middles of its neighbours on one side: the heights y
  /// with y[i + 1] - y[i] >= gap that have the least squares, by pooling adjacent violators.
  void pull(const std::vector<std::size_t>& layer, bool rightwards) {
    struct Pool {
      double sum, weight;
      std::size_t count;
      double mean() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    std::vector<double> offset(layer.size(), 0);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) offset[i] = offset[i - 1] + gap(layer[i - 1], layer[i]);
      const Vertex& vertex = vertices_[layer[i]];
      const std::vector<std::size_t>& neighbours = rightwards ? vertex.left : vertex.right;
      double wanted = vertex.y;
      if (!neighbours.empty()) {
        wanted = 0;
        for (const std::size_t n : neighbours) wanted += vertices_[n].y;
        wanted /= static_cast<double>(neighbours.size());
      }
      const double weight = neighbours.empty() ? 0.1 : vertex.passage ? 4 : 1;  // long links straight first
      pools.push_back({weight * (wanted - offset[i]), weight, 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
        const Pool last = pools.back();
        pools.pop_back();
        pools.back() = {
            pools.back().sum + last.sum, pools.back().weight + last.weight, pools.back().count + last.count};
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools)
      for (std::size_t k = 0; k < pool.count; ++k, ++i) vertices_[layer[i]].y = pool.mean() + offset[i];
  }

  const std::vector<Box> boxes_;
  const LayoutSpacing spacing_;
  std::vector<Vertex> vertices_;  // the boxes in their order, then passages
  std::vector<std::vector<std::size_t>> layers_;
};

/// The boxes of each connected part, parts in the order of their first box.
std::vector<std::vector<Box>> connected_parts(const Graph& graph, const std::vector<Box>& boxes) {
  std::map<std::string, std::size_t, std::less<>> index;
  for (std::size_t i = 0; i < boxes.size(); ++i) index[boxes[i].id] = i;
  boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> links(boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i)
    for (const auto& [source, target] : graph.links_from(boxes[i].id))
      if (const auto found = index.find(target.node); found != index.end()) boost::add_edge(i, found->second, links);
  std::vector<std::size_t> part(boxes.size());
  std::vector<std::vector<Box>> parts(boost::connected_components(links, part.data()));
  for (std::size_t i = 0; i < boxes.size(); ++i) parts[part[i]].push_back(boxes[i]);
  return parts;
}

/// A part that is laid out, its top left at {0, 0}; or a node without links.
struct Block {
  Places places;
  Size size;
  bool single = false;
};

/// Blocks in rows, in their order; nodes without links begin a row of their own.
class Rows {
 public:
  Rows(const std::vector<Block>& blocks, double width, LayoutSpacing spacing) : corners_(blocks.size()) {
    Point at;
    double row = 0;
    bool single = false;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Block& block = blocks[i];
      const double gap = block.single ? spacing.between_nodes : 2 * spacing.between_nodes;
      if (at.x > 0 && (at.x + block.size.width > width || single != block.single)) {
        at = {0, at.y + row + gap};
        row = 0;
      }
      single = block.single;
      corners_[i] = at;
      row = std::max(row, block.size.height);
      size_ = {std::max(size_.width, at.x + block.size.width), at.y + row};
      at.x += block.size.width + gap;
    }
  }

  const std::vector<Point>& corners() const { return corners_; }
  /// The least height of a window of this aspect that has room for it.
  double height_of_window(double aspect) const { return std::max(size_.height, size_.width / aspect); }

 private:
  std::vector<Point> corners_;
  Size size_;
};

/// The rows that one sees best in a window of the spacing's aspect.
Rows best_rows(const std::vector<Block>& blocks, LayoutSpacing spacing) {
  double widest = 0, area = 0;
  for (const Block& block : blocks) {
    widest = std::max(widest, block.size.width);
    area += (block.size.width + spacing.between_nodes) * (block.size.height + spacing.between_nodes);
  }
  std::optional<Rows> best;
  for (double share = 0.6; share < 2; share += 0.1) {
    Rows rows(blocks, std::max(widest, share * std::sqrt(area * spacing.aspect)), spacing);
    if (!best || rows.height_of_window(spacing.aspect) < best->height_of_window(spacing.aspect)) best = std::move(rows);
  }
  return *best;
}

double start_of(const Rect& rect, bool horizontal) { return horizontal ? rect.at.x : rect.at.y; }
double length_of(const Rect& rect, bool horizontal) { return horizontal ? rect.size.width : rect.size.height; }

}  // namespace

Places auto_layout(const Graph& graph, const Ids& nodes, const SizeOf& size, LayoutSpacing spacing) {
  const std::vector<Box> boxes = boxes_of(graph, nodes, size);
  if (boxes.empty()) return {};
  std::vector<Block> blocks;
  for (std::vector<Box>& part : connected_parts(graph, boxes)) {
    Block block{.single = part.size() == 1};
    if (block.single) {
      block.size = part.front().rect.size;
      block.places[part.front().id] = {};
    } else {
      block.size = Part(graph, std::move(part), spacing).place({}, block.places);
    }
    blocks.push_back(std::move(block));
  }
  std::ranges::stable_sort(blocks, {}, &Block::single);
  const Rows rows = best_rows(blocks, spacing);
  const Point corner = top_left(boxes);
  Places places;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    for (const auto& [id, at] : blocks[i].places) {
      const Point to = corner + rows.corners()[i] + at;
      places[id] = {std::round(to.x), std::round(to.y)};
    }
  return places;
}

Places align(const Graph& graph, const Ids& nodes, const SizeOf& size, Align how) {
  const std::vector<Box> boxes = nodes.empty() ? std::vector<Box>{} : boxes_of(graph, nodes, size);
  if (boxes.empty()) return {};
  const bool horizontal = how == Align::Left || how == Align::Centre || how == Align::Right;
  double low = start_of(boxes.front().rect, horizontal), high = low;
  for (const Box& box : boxes) {
    low = std::min(low, start_of(box.rect, horizontal));
    high = std::max(high, start_of(box.rect, horizontal) + length_of(box.rect, horizontal));
  }
  Places places;
  for (const Box& box : boxes) {
    const double length = length_of(box.rect, horizontal);
    double start = low;
    if (how == Align::Right || how == Align::Bottom) start = high - length;
    if (how == Align::Centre || how == Align::Middle) start = std::round((low + high - length) / 2);
    places[box.id] = horizontal ? Point{start, box.rect.at.y} : Point{box.rect.at.x, start};
  }
  return places;
}

Places distribute(const Graph& graph, const Ids& nodes, const SizeOf& size, Distribute how) {
  std::vector<Box> boxes = nodes.empty() ? std::vector<Box>{} : boxes_of(graph, nodes, size);
  if (boxes.size() < 3) return {};
  const bool horizontal = how == Distribute::Horizontally;
  std::ranges::stable_sort(boxes, {}, [&](const Box& box) { return start_of(box.rect, horizontal); });
  double filled = 0;
  for (const Box& box : boxes) filled += length_of(box.rect, horizontal);
  const double start = start_of(boxes.front().rect, horizontal);
  const double end = start_of(boxes.back().rect, horizontal) + length_of(boxes.back().rect, horizontal);
  const double gap = std::max(0.0, (end - start - filled) / static_cast<double>(boxes.size() - 1));
  Places places;
  double at = start;
  for (const Box& box : boxes) {
    places[box.id] = horizontal ? Point{std::round(at), box.rect.at.y} : Point{box.rect.at.x, std::round(at)};
    at += length_of(box.rect, horizontal) + gap;
  }
  return places;
}

Point free_place(std::span<const Rect> taken, Point wanted, Size of_new) {
  constexpr double kStep = 40, kGap = 12;
  constexpr int kFarthest = 100;
  const auto is_free = [&](Point at) {
    const double gap = at == wanted ? 0 : kGap;
    const Rect here{{at.x - gap, at.y - gap}, {of_new.width + 2 * gap, of_new.height + 2 * gap}};
    return std::ranges::none_of(taken, [&](const Rect& rect) { return rect.overlaps(here); });
  };
  for (int ring = 0; ring <= kFarthest; ++ring) {  // squares around it, nearest first; below and right before the rest
    std::optional<Point> best;
    double nearest = 0;
    for (int dy = ring; dy >= -ring; --dy) {
      const int step = std::abs(dy) == ring ? 1 : std::max(1, 2 * ring);
      for (int dx = ring; dx >= -ring; dx -= step) {
        const Point at{wanted.x + dx * kStep, wanted.y + dy * kStep};
        const double distance = std::hypot(dx, dy);
        if ((best && distance >= nearest) || !is_free(at)) continue;
        best = at;
        nearest = distance;
      }
    }
    if (best) return *best;
  }
  return wanted;
}

namespace {

void place_nodes(Graph& graph, const NodeTypes& types) {
  const auto has_place = [](const GraphNode* node) { return node->ui.contains("x") || node->ui.contains("y"); };
  if (graph.size() < 2 || std::ranges::any_of(graph.nodes(), has_place)) return;
  const Places places = auto_layout(graph, {}, [&](const std::string& id) {
    const GraphNode& node = graph.node(id);
    return size_of_node(node, types.find(node.type));
  });
  for (const auto& [id, at] : places) {
    nlohmann::json ui = graph.node(id).ui;
    ui["x"] = at.x, ui["y"] = at.y;
    graph.set_ui(id, std::move(ui));
  }
}

}  // namespace

void place_nodes(Workflow& workflow, const Registry& registry) {
  const NodeTypes types(workflow.subgraphs, registry);
  place_nodes(workflow.graph, types);
  for (auto& [name, subgraph] : workflow.subgraphs) place_nodes(subgraph.graph, types);
}

}  // namespace weft::editor
