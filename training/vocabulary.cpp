#include "training/vocabulary.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace weft::paper_cut {
namespace {

constexpr const char* kEndOfWord = "</w>";

std::string utf8(int code) {
  if (code < 0x80) return std::string(1, char(code));
  return {char(0xc0 | (code >> 6)), char(0x80 | (code & 0x3f))};
}

/// The 256 letters that stand for bytes in GPT-2's and CLIP's vocabularies: printable ones for themselves,
/// the others from U+0100 on.
std::vector<std::string> byte_letters() {
  std::vector<std::string> printable, others;
  const auto is_printable = [](int b) {
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  };
  for (int b = 0; b < 256; ++b) {
    if (is_printable(b)) printable.push_back(utf8(b));
  }
  for (int b = 0, next = 256; b < 256; ++b) {
    if (!is_printable(b)) others.push_back(utf8(next++));
  }
  printable.insert(printable.end(), others.begin(), others.end());
  return printable;
}

using Pieces = std::vector<std::string>;

void merge(Pieces& pieces, const std::pair<std::string, std::string>& pair) {
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    if (pieces[i] != pair.first || pieces[i + 1] != pair.second) continue;
    pieces[i] += pieces[i + 1];
    pieces.erase(pieces.begin() + std::int64_t(i) + 1);
  }
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string>& words) {
  tokens_ = byte_letters();
  for (std::size_t i = 0; i < 256; ++i) tokens_.push_back(tokens_[i] + kEndOfWord);
  std::vector<Pieces> split;
  for (const std::string& word : words) {
    Pieces pieces;
    for (char letter : word) pieces.emplace_back(1, letter);
    pieces.back() += kEndOfWord;
    split.push_back(pieces);
  }
  for (;;) {  // the most frequent pair of neighbours becomes one token, until there are no pairs
    std::map<std::pair<std::string, std::string>, int> counts;
    for (const Pieces& pieces : split) {
      for (std::size_t i = 0; i + 1 < pieces.size(); ++i) ++counts[{pieces[i], pieces[i + 1]}];
    }
    if (counts.empty()) break;
    const auto best = std::max_element(
        counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    merges_.push_back(best->first);
    tokens_.push_back(best->first.first + best->first.second);
    for (Pieces& pieces : split) merge(pieces, merges_.back());
  }
  tokens_.push_back("<|startoftext|>");
  tokens_.push_back("<|endoftext|>");
  for (std::size_t i = 0; i < tokens_.size(); ++i) ids_[tokens_[i]] = std::int64_t(i);
}

std::vector<std::int64_t> Vocabulary::ids(const std::string& caption) const {
  std::string spaced;
  for (char c : caption) spaced += c == ',' ? std::string(" ,") : std::string(1, c);
  std::istringstream in(spaced);
  std::vector<std::int64_t> found = {start_id()};
  for (std::string word; in >> word;) {
    const auto id = ids_.find(word + kEndOfWord);
    if (id == ids_.end())
      throw std::runtime_error("caption \"" + caption + "\": \"" + word + "\" is not a caption word");
    found.push_back(id->second);
  }
  found.resize(kLength, end_id());
  return found;
}

void Vocabulary::write(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "vocab.json") << nlohmann::json(ids_).dump() << "\n";
  std::ofstream merges(folder / "merges.txt");
  merges << "#version: 0.2\n";
  for (const auto& [left, right] : merges_) merges << left << " " << right << "\n";
  const std::string start = tokens_[std::size_t(start_id())], end = tokens_[std::size_t(end_id())];
  const nlohmann::json special = {{"bos_token", start}, {"eos_token", end}, {"pad_token", end}, {"unk_token", end}};
  nlohmann::json config = special;
  config.update({{"tokenizer_class", "CLIPTokenizer"}, {"model_max_length", kLength}, {"do_lower_case", true}});
  std::ofstream(folder / "tokenizer_config.json") << config.dump(2) << "\n";
  std::ofstream(folder / "special_tokens_map.json") << special.dump(2) << "\n";
}

}  // namespace weft::paper_cut
