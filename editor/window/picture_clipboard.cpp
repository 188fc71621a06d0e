#include "editor/window/picture_clipboard.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "editor/session/picture_file.h"
#include "editor/session/show_folder.h"
#include "editor/window/png_file.h"

// Last: it makes macros of words such as None.
#include <X11/Xatom.h>
#include <X11/Xlib.h>

namespace weft::editor {

namespace fs = std::filesystem;

namespace {

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return std::move(bytes).str();
}

/// The file as a PNG.
std::string png_of(const fs::path& file) {
  if (file.extension() == ".png") {
    check_picture(file);
    return bytes_of(file);
  }
  const Pixels pixels = read_pixels(file);
  Picture picture{pixels.width, pixels.height, {}};
  picture.rgb.reserve(pixels.rgba.size() / 4 * 3);
  for (std::size_t i = 0; i + 3 < pixels.rgba.size(); i += 4)
    picture.rgb.insert(picture.rgb.end(), {pixels.rgba[i], pixels.rgba[i + 1], pixels.rgba[i + 2]});
  const fs::path made = fs::temp_directory_path() / fmt::format("weft-clipboard-{}.png", ::getpid());
  write_png(picture, made);
  std::string png = bytes_of(made);
  std::error_code none;
  fs::remove(made, none);
  return png;
}

}  // namespace

/// Owns the clipboard for one picture.
struct PictureClipboard::Owner {
  Owner(::Display* connection, std::string png, const fs::path& file) : display(connection), png_(std::move(png)) {
    uri_ = file_uri(file) + "\r\n";
    path_ = fs::absolute(file).string();
    window_ = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0);
    clipboard_ = atom("CLIPBOARD");
    XSetSelectionOwner(display, clipboard_, window_, CurrentTime);
    XSync(display, False);
    if (::pipe(end_.data()) != 0) end_ = {-1, -1};
    thread_ = std::thread([this] { answer(); });
  }
  ~Owner() {
    stopping_ = true;
    ::close(end_[1]);
    thread_.join();
    ::close(end_[0]);
    XCloseDisplay(display);
  }

  Atom atom(const char* name) const { return XInternAtom(display, name, False); }

  /// Until something else is copied, or the other end of the pipe is closed.
  void answer() {
    std::array<pollfd, 2> both{{{ConnectionNumber(display), POLLIN, 0}, {end_[0], POLLIN, 0}}};
    while (!stopping_) {
      while (XPending(display) > 0) {
        XEvent event;
        XNextEvent(display, &event);
        if (event.type == SelectionClear) return;
        if (event.type == SelectionRequest) give(event.xselectionrequest);
      }
      if (::poll(both.data(), both.size(), -1) < 0) return;
    }
  }

  void give(const XSelectionRequestEvent& request) {
    XSelectionEvent reply{};
    reply.type = SelectionNotify;
    reply.requestor = request.requestor;
    reply.selection = request.selection;
    reply.target = request.target;
    reply.time = request.time;
    reply.property = put(request) ? request.property : None;
    XSendEvent(display, request.requestor, False, 0, reinterpret_cast<XEvent*>(&reply));
    XFlush(display);
  }

  bool put(const XSelectionRequestEvent& request) {
    const Atom png = atom("image/png"), list = atom("text/uri-list"), utf8 = atom("UTF8_STRING"),
               targets = atom("TARGETS");
    if (request.property == None) return false;
    const auto set = [&](Atom type, int bits, const void* data, std::size_t count) {
      XChangeProperty(display, request.requestor, request.property, type, bits, PropModeReplace,
          static_cast<const unsigned char*>(data), static_cast<int>(count));
      return true;
    };
    if (request.target == targets) {
      const std::array<Atom, 5> all = {targets, png, list, utf8, XA_STRING};
      return set(XA_ATOM, 32, all.data(), all.size());
    }
    if (request.target == png) return set(png, 8, png_.data(), png_.size());
    if (request.target == list) return set(list, 8, uri_.data(), uri_.size());
    if (request.target == utf8 || request.target == XA_STRING)
      return set(request.target, 8, path_.data(), path_.size());
    return false;
  }

  ::Display* const display;
  const std::string png_;
  std::string uri_, path_;
  ::Window window_ = 0;
  Atom clipboard_ = None;
  std::array<int, 2> end_{};
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

PictureClipboard::PictureClipboard() = default;
PictureClipboard::~PictureClipboard() = default;

bool PictureClipboard::offer(const fs::path& file) {
  std::string png = png_of(file);
  ::Display* display = XOpenDisplay(nullptr);
  if (!display) return false;
  constexpr std::size_t kHead = 1024;
  const long words = XExtendedMaxRequestSize(display) > 0 ? XExtendedMaxRequestSize(display) : XMaxRequestSize(display);
  if (png.size() + kHead > static_cast<std::size_t>(words) * 4) {
    XCloseDisplay(display);
    return false;
  }
  owner_.reset();
  owner_ = std::make_unique<Owner>(display, std::move(png), file);
  return true;
}

}  // namespace weft::editor
