#include "nodes/sd/tokenizer.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "nodes/sd/code_points.h"
#include "nodes/sd/model_error.h"
#include "nodes/sd/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "<|startoftext|>";
constexpr std::string_view kEnd = "<|endoftext|>";

// Composed as far as possible (NFC), then lower case.
CodePoints normalise(std::string_view text) {
  CodePoints lower;
  for (const auto point : normalised(text, Normalisation::kComposed)) {
    lower.push_back(utf8proc_tolower(point));
    if (point == 0x130) lower.push_back(0x307);  // the one letter whose lower case is two code points
  }
  return lower;
}

enum class Kind { kSpace, kLetter, kNumber, kOther };

Kind kind_of(utf8proc_int32_t point) {
  if ((point >= 9 && point <= 13) || point == 0x85) return Kind::kSpace;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Kind::kSpace;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::kNumber;
    default:
      return Kind::kOther;
  }
}

// What stands for itself wherever it is met: special tokens, and English endings.
constexpr std::array<std::string_view, 9> kFixedWords{kStart, kEnd, "'s",  "'t", "'re",
                                                      "'ve",  "'m", "'ll", "'d"};

size_t fixed_word_length(const CodePoints& points, size_t at) {
  for (const auto word : kFixedWords) {
    if (points.size() - at < word.size()) continue;
    const bool same =
        std::equal(word.begin(), word.end(), points.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char c, utf8proc_int32_t point) { return static_cast<unsigned char>(c) == point; });
    if (same) return word.size();
  }
  return 0;
}

// The end of the word that begins at `at`: letters together, each digit alone, everything else together.
size_t word_end(const CodePoints& points, size_t at) {
  if (const size_t fixed = fixed_word_length(points, at)) return at + fixed;
  const Kind kind = kind_of(points[at]);
  if (kind == Kind::kNumber) return at + 1;
  size_t end = at + 1;
  while (end < points.size() && kind_of(points[end]) == kind) ++end;
  return end;
}

std::string text_of(const nlohmann::json& token) {
  if (token.is_string()) return token.get<std::string>();
  return token.is_object() ? token.value("content", "") : "";
}

// tokenizer_config.json knows best, then special_tokens_map.json; both may be missing.
std::string special_token(const fs::path& folder, const char* key, std::string_view usual) {
  for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    if (!std::ifstream(folder / file)) continue;
    const auto values = read_model_json(folder / file);
    if (!values.is_object() || !values.contains(key)) continue;
    if (const std::string token = text_of(values[key]); !token.empty()) return token;
  }
  return std::string(usual);
}

}  // namespace

Tokenizer Tokenizer::clip(const fs::path& merges_gz) {
  Tokenizer tokenizer(ClipVocabulary::from_merges_gz(merges_gz));
  tokenizer.start_id_ = tokenizer.find(kStart);
  tokenizer.end_id_ = tokenizer.pad_id_ = tokenizer.unknown_id_ = tokenizer.find(kEnd);
  return tokenizer;
}

Tokenizer Tokenizer::from_folder(const fs::path& folder) {
  Tokenizer tokenizer(ClipVocabulary::from_json(folder / "vocab.json", folder / "merges.txt"));
  const auto id = [&](const char* key, std::string_view usual) {
    const std::string token = special_token(folder, key, usual);
    const int64_t found = tokenizer.find(token);
    if (found < 0) {
      throw ModelError((folder / "vocab.json").string(), fmt::format("does not have {} \"{}\"", key, token),
                       "the tokenizer folder is incomplete");
    }
    return found;
  };
  tokenizer.start_id_ = id("bos_token", kStart);
  tokenizer.end_id_ = id("eos_token", kEnd);
  tokenizer.pad_id_ = id("pad_token", kEnd);
  tokenizer.unknown_id_ = id("unk_token", kEnd);
  return tokenizer;
}

Tokenizer Tokenizer::bert(const fs::path& vocab_txt) {
  Tokenizer tokenizer(WordPieceVocabulary::from_file(vocab_txt));
  tokenizer.start_id_ = tokenizer.find("[CLS]");
  tokenizer.end_id_ = tokenizer.find("[SEP]");
  tokenizer.pad_id_ = tokenizer.find("[PAD]");
  tokenizer.unknown_id_ = tokenizer.find("[UNK]");
  return tokenizer;
}

int64_t Tokenizer::find(std::string_view piece) const {
  return std::visit([&](const auto& vocabulary) { return vocabulary.find(piece); }, vocabulary_);
}

size_t Tokenizer::vocabulary_size() const {
  return std::visit([](const auto& vocabulary) { return vocabulary.size(); }, vocabulary_);
}

std::vector<std::string> Tokenizer::spell(const std::vector<int64_t>& ids) const {
  std::unordered_map<int64_t, std::string> texts;  // of these ids alone: a vocabulary is large
  for (const int64_t id : ids) texts[id];
  std::visit(
      [&](const auto& vocabulary) {
        for (const auto& [piece, id] : vocabulary.ids())
          if (const auto wanted = texts.find(id); wanted != texts.end())
            wanted->second = vocabulary.readable(piece);
      },
      vocabulary_);
  std::vector<std::string> spelt;
  for (const int64_t id : ids) spelt.push_back(texts[id]);
  return spelt;
}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const {
  if (const auto* words = std::get_if<WordPieceVocabulary>(&vocabulary_)) return words->encode(text);
  return encode_clip(std::get<ClipVocabulary>(vocabulary_), text);
}

std::vector<int64_t> Tokenizer::encode_clip(const ClipVocabulary& vocabulary, std::string_view text) const {
  const CodePoints points = normalise(text);
  std::vector<int64_t> ids;
  for (size_t at = 0; at < points.size();) {
    if (kind_of(points[at]) == Kind::kSpace) {
      ++at;
      continue;
    }
    const size_t end = word_end(points, at);
    std::string word;
    for (size_t i = at; i < end; ++i) append_utf8(word, points[i]);
    if (word == kStart || word == kEnd) {
      ids.push_back(word == kStart ? start_id_ : end_id_);
    } else {
      vocabulary.split_word(word, unknown_id_, ids);
    }
    at = end;
  }
  return ids;
}

}  // namespace weft::sd
