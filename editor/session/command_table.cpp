// Every command of the editor: what menus, the palette and the panel of keys show.
#include "editor/session/commands.h"

namespace weft::editor {
namespace {

constexpr KeyScope kGlobal = KeyScope::Global;
constexpr KeyScope kCanvas = KeyScope::Canvas;

constexpr CommandInfo kCommands[] = {
    {"file.new", "New", "File", "Ctrl+N", kGlobal},
    {"file.open", "Open...", "File", "Ctrl+O", kGlobal},
    {"file.save", "Save", "File", "Ctrl+S", kGlobal},
    {"file.save_as", "Save As...", "File", "Ctrl+Shift+S", kGlobal},
    {"file.reload", "Reload from Disk", "File", "", kCanvas, "Takes what is in the file now; can be undone"},
    {"file.export_picture", "Export Picture of the Graph...", "File", "", kCanvas},
    {"file.close", "Close Tab", "File", "Ctrl+W", kGlobal},
    {"file.next", "Next Tab", "File", "Ctrl+Tab Ctrl+PageDown", kGlobal},
    {"file.previous", "Previous Tab", "File", "Ctrl+Shift+Tab Ctrl+PageUp", kGlobal},
    {"file.quit", "Quit", "File", "Ctrl+Q", kGlobal},

    {"edit.undo", "Undo", "Edit", "Ctrl+Z", kCanvas},
    {"edit.redo", "Redo", "Edit", "Ctrl+Shift+Z Ctrl+Y", kCanvas},
    {"edit.cut", "Cut", "Edit", "Ctrl+X", kCanvas},
    {"edit.copy", "Copy", "Edit", "Ctrl+C", kCanvas},
    {"edit.paste", "Paste", "Edit", "Ctrl+V", kCanvas},
    {"edit.paste_linked", "Paste with Links", "Edit", "Ctrl+Shift+V", kCanvas,
     "Links from nodes that were not copied are kept"},
    {"edit.duplicate", "Duplicate", "Edit", "Ctrl+D", kCanvas},
    {"edit.delete", "Delete", "Edit", "Delete", kCanvas},
    {"edit.dissolve", "Delete and Heal Links", "Edit", "Ctrl+Delete Backspace", kCanvas,
     "What fed the node feeds what the node fed"},
    {"edit.rename", "Rename...", "Edit", "F2", kCanvas},
    {"edit.find", "Find Node...", "Edit", "Ctrl+F", kGlobal},

    {"select.all", "Select All", "Select", "Ctrl+A", kCanvas},
    {"select.none", "Select None", "Select", "Escape", kCanvas},
    {"select.invert", "Invert Selection", "Select", "Ctrl+I", kCanvas},
    {"select.upstream", "Select What Feeds It", "Select", "Shift+LeftArrow", kCanvas},
    {"select.downstream", "Select What It Feeds", "Select", "Shift+RightArrow", kCanvas},
    {"select.next", "Next Node", "Select", "Tab", kCanvas},
    {"select.previous", "Previous Node", "Select", "Shift+Tab", kCanvas},

    {"node.add", "Add Node...", "Node", "Space Shift+A", kCanvas},
    {"node.connect", "Connect...", "Node", "C", kCanvas, "From the selected node to another, by the keyboard"},
    {"node.lazy_connect", "Connect Selected Nodes", "Node", "L", kCanvas, "Links the best ports of two nodes"},
    {"node.detach", "Detach", "Node", "Alt+D", kCanvas, "Out of its links, which are healed"},
    {"node.mute", "Mute", "Node", "M", kCanvas, "The node and what depends on it do not run"},
    {"node.bypass", "Bypass", "Node", "B", kCanvas, "Inputs are passed on as they are"},
    {"node.collapse", "Collapse", "Node", "H", kCanvas},
    {"node.frame", "Frame Selection", "Node", "Ctrl+J", kCanvas},
    {"node.comment", "Add Comment", "Node", "Shift+C", kCanvas},
    {"node.group", "Make Subgraph", "Node", "Ctrl+G", kCanvas},
    {"node.ungroup", "Unpack Subgraph", "Node", "Ctrl+Shift+G", kCanvas},
    {"node.enter", "Enter Subgraph", "Node", "Enter", kCanvas},
    {"node.leave", "Leave Subgraph", "Node", "U", kCanvas},
    {"node.help", "Help on Node", "Node", "F1", kGlobal},
    {"node.move_left", "Move Left", "", "Ctrl+LeftArrow", kCanvas},
    {"node.move_right", "Move Right", "", "Ctrl+RightArrow", kCanvas},
    {"node.move_up", "Move Up", "", "Ctrl+UpArrow", kCanvas},
    {"node.move_down", "Move Down", "", "Ctrl+DownArrow", kCanvas},

    {"arrange.all", "Arrange All", "Arrange", "Ctrl+Shift+L", kCanvas},
    {"arrange.selection", "Arrange Selection", "Arrange", "Ctrl+L", kCanvas},
    {"arrange.left", "Align Left", "Arrange", "", kCanvas},
    {"arrange.centre", "Align Centres", "Arrange", "", kCanvas},
    {"arrange.right", "Align Right", "Arrange", "", kCanvas},
    {"arrange.top", "Align Top", "Arrange", "", kCanvas},
    {"arrange.middle", "Align Middles", "Arrange", "", kCanvas},
    {"arrange.bottom", "Align Bottom", "Arrange", "", kCanvas},
    {"arrange.horizontally", "Distribute Horizontally", "Arrange", "", kCanvas},
    {"arrange.vertically", "Distribute Vertically", "Arrange", "", kCanvas},

    {"run.all", "Run", "Run", "Ctrl+Enter F5", kGlobal},
    {"run.selection", "Run up to Selection", "Run", "Ctrl+Shift+Enter", kGlobal},
    {"run.next", "Run Ahead of the Queue", "Run", "Ctrl+Alt+Enter", kGlobal},
    {"run.stop", "Stop", "Run", "Ctrl+Period", kGlobal},
    {"run.cancel_all", "Stop and Empty the Queue", "Run", "", kGlobal},
    {"run.pause", "Pause the Queue", "Run", "", kGlobal},
    {"run.keep_seeds", "Keep the Seeds That Were Used", "Run", "", kCanvas},
    {"run.clear_cache", "Clear the Cache", "Run", "", kCanvas},

    {"view.fit", "Fit All", "View", "A", kCanvas},
    {"view.fit_selection", "Fit Selection", "View", "F", kCanvas},
    {"view.zoom_in", "Zoom In", "View", "Ctrl+Equal KeypadAdd", kGlobal},
    {"view.zoom_out", "Zoom Out", "View", "Ctrl+Minus KeypadSubtract", kGlobal},
    {"view.zoom_100", "Zoom 100 %", "View", "Ctrl+0", kGlobal},
    {"view.back", "Previous View", "View", "LeftBracket", kCanvas},
    {"view.forward", "Next View", "View", "RightBracket", kCanvas},
    {"view.next_error", "Next Problem", "View", "F8", kGlobal},
    {"view.node", "View Output", "View", "V", kCanvas, "Shows what the selected node gives, and runs it if need be"},
    {"view.grid", "Grid", "View", "", kCanvas},
    {"view.snap", "Snap to Grid", "View", "", kCanvas},
    {"view.minimap", "Minimap", "View", "", kCanvas},
    {"view.heat", "Heat: Time of Nodes", "View", "", kCanvas},
    {"view.theme", "Light or Dark", "View", "", kCanvas},
    {"view.larger", "Larger Interface", "View", "Ctrl+Shift+Equal", kGlobal},
    {"view.smaller", "Smaller Interface", "View", "Ctrl+Shift+Minus", kGlobal},

    {"bookmark.go_1", "Go to Bookmark 1", "", "1", kCanvas},
    {"bookmark.go_2", "Go to Bookmark 2", "", "2", kCanvas},
    {"bookmark.go_3", "Go to Bookmark 3", "", "3", kCanvas},
    {"bookmark.go_4", "Go to Bookmark 4", "", "4", kCanvas},
    {"bookmark.go_5", "Go to Bookmark 5", "", "5", kCanvas},
    {"bookmark.go_6", "Go to Bookmark 6", "", "6", kCanvas},
    {"bookmark.go_7", "Go to Bookmark 7", "", "7", kCanvas},
    {"bookmark.go_8", "Go to Bookmark 8", "", "8", kCanvas},
    {"bookmark.go_9", "Go to Bookmark 9", "", "9", kCanvas},
    {"bookmark.set_1", "Set Bookmark 1", "", "Ctrl+1", kCanvas},
    {"bookmark.set_2", "Set Bookmark 2", "", "Ctrl+2", kCanvas},
    {"bookmark.set_3", "Set Bookmark 3", "", "Ctrl+3", kCanvas},
    {"bookmark.set_4", "Set Bookmark 4", "", "Ctrl+4", kCanvas},
    {"bookmark.set_5", "Set Bookmark 5", "", "Ctrl+5", kCanvas},
    {"bookmark.set_6", "Set Bookmark 6", "", "Ctrl+6", kCanvas},
    {"bookmark.set_7", "Set Bookmark 7", "", "Ctrl+7", kCanvas},
    {"bookmark.set_8", "Set Bookmark 8", "", "Ctrl+8", kCanvas},
    {"bookmark.set_9", "Set Bookmark 9", "", "Ctrl+9", kCanvas},

    {"palette.commands", "All Commands...", "Help", "Ctrl+Shift+P", kGlobal},
    {"help.keys", "Keys...", "Help", "", kGlobal},
    {"help.settings", "Settings...", "Edit", "Ctrl+Comma", kGlobal},
    {"help.about", "About Weft", "Help", "", kGlobal},
};

}  // namespace

std::span<const CommandInfo> command_table() { return kCommands; }

}  // namespace weft::editor
