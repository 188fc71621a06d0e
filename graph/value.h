// Value: what travels along a link. Immutable, shared, type-erased; knows its type by an id string ("image", "float"),
// never by std::type_info, which differs between separately built libraries. [any thread]
//
// A C++ type becomes a value type by a constant: `struct Palette { static constexpr std::string_view kType =
// "example.palette"; ... };` and, where it holds much memory, `std::size_t bytes() const`.
#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/export.h"

namespace weft {

/// Port types of plain parameters. Every other C++ type names itself with `kType`.
template <class T>
constexpr std::string_view value_type_id() {
  if constexpr (std::is_same_v<T, bool>)
    return "bool";
  else if constexpr (std::is_integral_v<T>)
    return "int";
  else if constexpr (std::is_floating_point_v<T>)
    return "float";
  else if constexpr (std::is_same_v<T, std::string>)
    return "string";
  else {
    static_assert(
        requires { T::kType; },
        "A type that travels along links names itself: static constexpr std::string_view kType = \"group.name\";");
    return T::kType;
  }
}

class Value {
 public:
  Value() = default;

  /// Numbers are held as std::int64_t or double whatever their width, so that "int" means one C++ type.
  template <class T>
  static Value of(T object) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, std::int64_t>) {
      return of(static_cast<std::int64_t>(object));
    } else if constexpr (std::is_same_v<T, float>) {
      return of(static_cast<double>(object));
    } else {
      return Value(std::make_shared<Holder<T>>(std::move(object)));
    }
  }

  explicit operator bool() const { return held_ != nullptr; }

  /// Empty for an empty value.
  std::string_view type() const { return held_ ? held_->type : std::string_view{}; }
  /// Memory that the object holds, as the object says; for the memory ledger.
  std::size_t bytes() const { return held_ ? held_->bytes() : 0; }

  template <class T>
  bool is() const {
    return type() == value_type_id<T>();
  }

  /// The object. Asking for another type than type() is a programmer's error: ports are checked before a run.
  template <class T>
  const T& as() const {
    assert(is<T>() && "Value::as<T>() asked for a type that the value does not hold");
    return static_cast<const Holder<T>&>(*held_).object;
  }

  /// The same object, not an equal one.
  bool same_object(const Value& other) const { return held_ == other.held_; }

 private:
  struct Base {
    explicit Base(std::string_view id) : type(id) {}
    virtual ~Base() = default;
    virtual std::size_t bytes() const = 0;
    std::string_view type;
  };
  template <class T>
  struct Holder final : Base {
    explicit Holder(T o) : Base(value_type_id<T>()), object(std::move(o)) {}
    std::size_t bytes() const override {
      if constexpr (requires {
                      { object.bytes() } -> std::convertible_to<std::size_t>;
                    })
        return object.bytes();
      else
        return sizeof(T);
    }
    T object;
  };

  explicit Value(std::shared_ptr<const Base> held) : held_(std::move(held)) {}
  std::shared_ptr<const Base> held_;
};

/// A small picture for previews: 8-bit RGB, rows top to bottom, `rgb.size() == width * height * 3`.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;

  /// Whether that holds; what plugins give is asked before it is drawn.
  bool is_whole() const {
    return width >= 0 && height >= 0 &&
        rgb.size() == static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  }
};

/// What a plugin registers about a value type: everything that generic code (editor, docs, cache) needs to know.
struct ValueType {
  std::string id;      ///< "image"
  std::string title;   ///< "Image"
  std::string colour;  ///< "#rrggbb", of links and ports
  std::string doc;     ///< one or two sentences: what it holds, shape, range
  /// A picture of the value, or none; called on any thread. May be empty.
  std::function<Picture(const Value&)> preview;
  /// Of a type whose values are batches: each item as a value of its own, so that an inspector can show one after the
  /// other; called on any thread. May be empty.
  std::function<std::vector<Value>(const Value&)> items = {};
  /// Shape, range, counts ...: what an inspector or a log shows. May be empty.
  std::function<nlohmann::json(const Value&)> describe;
  /// The value as bytes, and back: what a cache on a disk, a server and its workers keep and send. Both or neither; called on
  /// any thread. decode() throws NodeError for bytes that encode() did not make. A type of handles (a network) has neither:
  /// it is made anew. See value_bytes.h.
  std::function<std::string(const Value&)> encode = {};
  std::function<Value(std::string_view)> decode = {};
  /// A small value of the type, always the same: what `weft plugin check` feeds to nodes. May be empty.
  std::function<Value()> example;
};

}  // namespace weft
