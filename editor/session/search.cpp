#include "editor/session/search.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "editor/session/node_text.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

/// A text by characters.
struct Letters {
  std::u32string all;
  std::vector<std::size_t> at;  ///< by character, its first byte
};

Letters letters_of(std::string_view text) {
  Letters letters;
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t letter = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
        static_cast<utf8proc_ssize_t>(text.size() - i), &letter);
    letters.all += length > 0 ? static_cast<char32_t>(letter) : U'\uFFFD';
    letters.at.push_back(i);
    i += length > 0 ? static_cast<std::size_t>(length) : 1;
  }
  return letters;
}

char32_t lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_word(char32_t c) { return c >= 0x80 || std::isalnum(static_cast<int>(c)); }

/// Whether a word starts here: after a separator, or a capital after a small letter.
bool starts_word(std::u32string_view text, std::size_t i) {
  if (i == 0 || !is_word(text[i - 1])) return is_word(text[i]);
  return lower(text[i]) != text[i] && lower(text[i - 1]) == text[i - 1] && !is_digit(text[i - 1]);
}

constexpr double kLetter = 1, kStart = 3, kRun = 4, kGap = 0.1;

/// The best way to find the letters of `query` in `text`, by dynamic programming over (letter, place).
std::optional<std::pair<double, std::vector<std::size_t>>> best_way(
    std::u32string_view query, std::u32string_view text) {
  constexpr double kNone = -1e9;
  const std::size_t n = query.size(), m = text.size();
  // best[i][j]: score of the first i + 1 letters with the last one at j; from[i][j]: place of the one before.
  std::vector<double> best(n * m, kNone);
  std::vector<std::size_t> from(n * m, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double before = kNone;  // best of the letter before at a place up to j - 2, less the gap that grows
    std::size_t before_at = 0;
    for (std::size_t j = i; j < m; ++j) {
      if (i > 0 && j >= 2 && best[(i - 1) * m + j - 2] > before) {
        before = best[(i - 1) * m + j - 2];
        before_at = j - 2;
      }
      if (lower(query[i]) == lower(text[j])) {
        const double here = kLetter + (starts_word(text, j) ? kStart : 0);
        double& score = best[i * m + j];
        if (i == 0) {
          score = here - kGap * static_cast<double>(std::min<std::size_t>(j, 20));
        } else {
          const double run = j > 0 ? best[(i - 1) * m + j - 1] : kNone;
          const bool in_run = run + kRun >= before;
          score = (in_run ? run + kRun : before) + here;
          from[i * m + j] = in_run ? j - 1 : before_at;
        }
      }
      if (before > kNone) before -= kGap;
    }
  }
  const auto last = best.begin() + static_cast<std::ptrdiff_t>((n - 1) * m);
  const auto end = std::max_element(last, best.end());
  if (*end < kNone / 2) return std::nullopt;
  std::vector<std::size_t> positions(n);
  positions[n - 1] = static_cast<std::size_t>(end - last);
  for (std::size_t i = n - 1; i > 0; --i) positions[i - 1] = from[i * m + positions[i]];
  return std::pair{*end, std::move(positions)};
}

bool has_word_that_begins(std::string_view text, std::string_view query) {
  const std::u32string all = letters_of(text).all, wanted = letters_of(query).all;
  const auto same = [](char32_t a, char32_t b) { return lower(a) == lower(b); };
  auto at = all.begin();
  while ((at = std::search(at, all.end(), wanted.begin(), wanted.end(), same)) != all.end()) {
    if (starts_word(all, static_cast<std::size_t>(at - all.begin()))) return true;
    ++at;
  }
  return false;
}

/// Letters that are spread over the text are chance, unless each starts a word: "ksa" in "K Sampler".
bool is_chance(const FuzzyMatch& match, std::string_view query) { return query.size() > 1 && match.score < 0.25; }

struct WordHit {
  double score = 0;
  std::vector<std::size_t> title_positions;
};

std::optional<WordHit> find_word(std::string_view word, const Searchable& thing) {
  std::optional<WordHit> best;
  const auto offer = [&](double weight, const std::string& text, bool is_title) {
    std::optional<FuzzyMatch> match = fuzzy_match(word, text);
    if (!match || is_chance(*match, word)) return;
    const double score = weight * match->score;
    if (best && best->score >= score) return;
    best = WordHit{score, {}};
    if (is_title) best->title_positions = std::move(match->positions);
  };
  offer(1.0, thing.title, true);
  for (const std::string& name : thing.names) offer(0.95, name, false);
  offer(0.9, thing.id, false);
  offer(0.5, thing.menu, false);
  if (!best && has_word_that_begins(thing.words, word)) best = WordHit{0.15, {}};
  return best;
}

std::vector<std::string_view> words_of(std::string_view query) {
  std::vector<std::string_view> words;
  while (!query.empty()) {
    const std::size_t space = std::min(query.find(' '), query.size());
    if (space > 0) words.push_back(query.substr(0, space));
    query.remove_prefix(std::min(space + 1, query.size()));
  }
  return words;
}

/// 0 to 0.1: enough to decide between near equals, too little to put a bad match before a good one.
double habit(const Searchable& thing, const UsageMap& usage, std::int64_t latest) {
  const auto found = usage.find(thing.key);
  if (found == usage.end()) return 0;
  const double often = 1 - 1 / (1 + found->second.count);
  const double lately = 1 / (1 + static_cast<double>(latest - found->second.last));
  return 0.05 * often + 0.05 * lately;
}

void append(std::string& text, std::string_view more) {
  if (!more.empty()) text.append(text.empty() ? "" : " ").append(more);
}

/// What people who come from ComfyUI and its like type, beside the names of its classes: the titles that it shows, and
/// words of everyday talk.
constexpr std::pair<std::string_view, const char*> kOtherNames[] = {
    {"checkpoint.load", tr_later("Load Model")},
    {"checkpoint.load", tr_later("Checkpoint Loader")},
    {"text.encode", tr_later("Prompt")},
    {"text.encode", tr_later("CLIP Text Encode")},
    {"text.clip_skip", tr_later("CLIP Set Last Layer")},
    {"image.resize", tr_later("Upscale Image")},
    {"image.resize", tr_later("Scale Image")},
    {"image.resize_by", tr_later("Upscale Image By")},
    {"image.resize_by", tr_later("Upscale x2")},
    {"latent.resize", tr_later("Upscale Latent")},
    {"latent.resize", tr_later("Hires Fix")},
    {"latent.empty", tr_later("Empty Latent Image")},
    {"latent.empty", tr_later("Size")},
    {"sample.ksampler", tr_later("Denoise")},
    {"sample.ksampler", tr_later("Generate")},
    {"conditioning.inpaint", tr_later("Inpainting")},
    {"vae.encode_inpaint", tr_later("Inpainting")},
    {"conditioning.set_area", tr_later("Regional Prompt")},
    {"image.load", tr_later("Open Picture")},
    {"image.save", tr_later("Export Picture")},
    {"mask.draw", tr_later("Paint Mask")},
    {"mask.draw", tr_later("Mask Editor")},
};

Searchable searchable(const NodeInfo& info) {
  Searchable thing{.key = info.id, .title = shown_title(info), .id = info.id, .menu = shown_menu(info.options.menu)};
  if (thing.title != info.options.title) thing.names.push_back(info.options.title);
  for (const ForeignClass& foreign : info.options.foreign) thing.names.push_back(foreign.name);
  for (const auto& [type, name] : kOtherNames)
    if (type == info.id) {
      thing.names.emplace_back(name);
      if (tr(name) != std::string_view(name)) thing.names.emplace_back(tr(name));
    }
  append(thing.words, info.options.menu);
  append(thing.words, info.options.doc);
  for (const auto* ports : {&info.inputs, &info.outputs})
    for (const PortInfo& port : *ports) {
      append(thing.words, port.name + " " + port.type);
      append(thing.words, port_label(port.name));
    }
  return thing;
}

}  // namespace

std::optional<FuzzyMatch> fuzzy_match(std::string_view query, std::string_view text) {
  if (query.empty()) return FuzzyMatch{};
  const Letters wanted = letters_of(query), letters = letters_of(text);
  if (wanted.all.size() > letters.all.size()) return std::nullopt;
  auto way = best_way(wanted.all, letters.all);
  if (!way) return std::nullopt;
  for (std::size_t& position : way->second) position = letters.at[position];
  const double n = static_cast<double>(wanted.all.size());
  const double most = n * (kLetter + kRun) + kStart - kRun;  // one run from the start of a word
  const double covered = n / static_cast<double>(letters.all.size());
  const double quality = std::clamp(way->first / most, 0.0, 1.0);
  return FuzzyMatch{quality * (0.8 + 0.2 * covered), std::move(way->second)};
}

std::vector<SearchHit> search(std::string_view query, const std::vector<Searchable>& list, const UsageMap& usage) {
  std::int64_t latest = 0;
  for (const auto& [name, use] : usage) latest = std::max(latest, use.last);
  const std::vector<std::string_view> words = words_of(query);
  std::vector<SearchHit> hits;
  for (std::size_t i = 0; i < list.size(); ++i) {
    SearchHit hit{.index = i, .score = list[i].before + habit(list[i], usage, latest)};
    bool all = true;
    for (const std::string_view word : words) {
      std::optional<WordHit> found = find_word(word, list[i]);
      all = all && found;
      if (!all) break;
      hit.score += found->score / static_cast<double>(words.size());
      hit.title_positions.insert(
          hit.title_positions.end(), found->title_positions.begin(), found->title_positions.end());
    }
    if (!all) continue;
    std::ranges::sort(hit.title_positions);
    hit.title_positions.erase(std::ranges::unique(hit.title_positions).begin(), hit.title_positions.end());
    hits.push_back(std::move(hit));
  }
  std::ranges::stable_sort(hits, std::ranges::greater(), &SearchHit::score);
  return hits;
}

std::vector<Searchable> searchable_nodes(const Registry& registry) {
  std::vector<Searchable> things;
  for (const NodeInfo* info : registry.nodes()) things.push_back(searchable(*info));
  return things;
}

std::vector<Searchable> searchable_choices(const std::vector<NodeChoice>& choices) {
  std::vector<Searchable> things;
  for (const NodeChoice& choice : choices) things.push_back(searchable(*choice.type));
  return things;
}

std::vector<Searchable> searchable_commands(const Commands& commands) {
  std::vector<Searchable> things;
  for (const CommandInfo& command : commands.all())
    things.push_back({.key = std::string(command.id),
        .title = command.shown_title(),
        .id = std::string(command.id),
        .menu = command.shown_menu(),
        .words = fmt::format("{} {}", command.title, command.shown_tip())});
  return things;
}

std::vector<Searchable> searchable_graph(const Graph& graph, const Registry& registry) {
  std::vector<Searchable> things;
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = registry.find(node->type);
    Searchable thing{
        .key = node->id, .title = node->title.empty() ? node->id : node->title, .id = node->id, .menu = node->type};
    if (info) append(thing.words, shown_title(*info)), append(thing.words, info->options.title);
    for (const auto& [port, value] : node->inputs)
      if (const Literal* literal = std::get_if<Literal>(&value); literal && literal->is_string())
        append(thing.words, literal->get_ref<const std::string&>());
    things.push_back(std::move(thing));
  }
  return things;
}

}  // namespace weft::editor
