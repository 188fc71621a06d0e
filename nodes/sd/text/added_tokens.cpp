#include "nodes/sd/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

namespace weft::sd {
namespace {

/// Of a word in the sense of Unicode's regular expressions (UTS 18, \w).
bool is_word(std::int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

std::string utf8_of(const CodePoints& points) {
  std::string text;
  for (const std::int32_t point : points) append_utf8(text, point);
  return text;
}

}  // namespace

void AddedTokens::add(const AddedToken& token) {
  const CodePoints sought = token.normalised ? normalise_(token.content) : decode_utf8(token.content);
  if (tokens_.contains(token.content)) {
    for (Index* index : {&as_they_are_, &normalised_})
      for (auto& [first, words] : *index)
        std::erase_if(words, [&](const Sought& word) { return word.key == token.content; });
  }
  if (!sought.empty()) {
    auto& words = (token.normalised ? normalised_ : as_they_are_)[sought.front()];
    const auto place =
        std::ranges::find_if(words, [&](const Sought& word) { return word.content.size() < sought.size(); });
    words.insert(place, {token.content, sought, token.id, token.single_word});
  }
  tokens_.insert_or_assign(token.content, token);
}

std::vector<AddedTokens::Piece> AddedTokens::split(const CodePoints& text, const Index& index) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;  // of the text that is in no piece yet
  const auto end_text = [&](std::size_t end) {
    const auto at = [&](std::size_t i) { return text.begin() + static_cast<std::ptrdiff_t>(i); };
    if (end > begin) pieces.push_back({{}, CodePoints(at(begin), at(end))});
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto candidates = index.find(text[at]);
    const std::vector<Sought> none;
    const auto& sought = candidates == index.end() ? none : candidates->second;
    const auto found = std::ranges::find_if(sought, [&](const Sought& word) {
      return word.content.size() <= text.size() - at &&
          std::equal(word.content.begin(), word.content.end(), text.begin() + static_cast<std::ptrdiff_t>(at));
    });
    if (found == sought.end()) {
      ++at;
      continue;
    }
    const std::size_t end = at + found->content.size();
    const bool inside = (at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]));
    if (!found->single_word || !inside) {
      end_text(at);
      pieces.push_back({found->id, {}});
      begin = end;
    }
    at = end;
  }
  end_text(text.size());
  return pieces;
}

std::vector<AddedTokens::Piece> AddedTokens::split(std::string_view text) const {
  std::vector<Piece> pieces;
  for (Piece& piece : split(decode_utf8(text), as_they_are_)) {
    if (piece.id) {
      pieces.push_back(std::move(piece));
    } else {
      for (Piece& part : split(normalise_(utf8_of(piece.text)), normalised_)) pieces.push_back(std::move(part));
    }
  }
  return pieces;
}

std::int64_t AddedTokens::find(std::string_view content) const {
  const auto found = tokens_.find(content);
  return found == tokens_.end() ? -1 : found->second.id;
}

}  // namespace weft::sd
