// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of an extension that this program has installed on a server. The program records them
 * in a list, which is stored next to the control file. The list contains hashes and paths in the
 * format of {@code sha256sum}, and directories.
 *
 * @param file the path of the list
 * @param hashes the hashes of the files, by path; a second hash belongs to a file that was being
 *     replaced when the program was killed
 * @param folders the directories that were created for the files
 */
record InstalledFiles(Path file, Map<Path, Set<String>> hashes, Set<Path> folders) {
  /** The suffix of the list's file name. */
  static final String SUFFIX = ".pg-extension";

  private static final String FOLDER = "folder";
  private static final Pattern LINE =
      Pattern.compile("([0-9a-f]{64}|" + FOLDER + ")  (lib|share)/(.+)");

  /** Returns the path of the list of an extension's files. */
  static Path place(Server server, String extension) throws IOException, RefusedException {
    return server.tree().direct(server.scripts().resolve(extension + SUFFIX));
  }

  /** Reads the list. Returns an empty list if nothing was installed. */
  static InstalledFiles read(Server server, String extension) throws IOException, RefusedException {
    Path file = place(server, extension);
    var found = new InstalledFiles(file, new TreeMap<>(), new TreeSet<>());
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return found;
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(file + " is not a regular file. Remedy: remove it.");
    }
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw damaged(file);
    }
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        throw damaged(file);
      }
      Path root = matcher.group(2).equals("lib") ? server.libraries() : server.shared();
      Path path;
      try {
        path = root.resolve(PackedExtension.below("", matcher.group(3)));
      } catch (IllegalArgumentException e) {
        throw damaged(file);
      }
      server.tree().direct(path);
      if (matcher.group(1).equals(FOLDER)) {
        found.folders.add(path);
      } else {
        found.add(path, matcher.group(1));
      }
    }
    return found;
  }

  private static RefusedException damaged(Path file) {
    return new RefusedException(
        file
            + " is damaged, so the installed files are unknown. Remedy: remove it, and"
            + " the extension's files.");
  }

  void add(Path path, String hash) {
    hashes.computeIfAbsent(path, key -> new LinkedHashSet<>()).add(hash);
  }

  boolean has(Path path, String hash) {
    return hashes.getOrDefault(path, Set.of()).contains(hash);
  }

  boolean isEmpty() {
    return hashes.isEmpty();
  }

  /** Returns a list with the entries of this list and additional files and directories. */
  InstalledFiles and(Map<Path, String> others, Collection<Path> moreFolders) {
    var all = new InstalledFiles(file, new TreeMap<>(), new TreeSet<>(folders));
    hashes.forEach((path, each) -> each.forEach(hash -> all.add(path, hash)));
    others.forEach(all::add);
    all.folders.addAll(moreFolders);
    return all;
  }

  /**
   * Returns a list with the entries of this list and additional ones. Hashes of the given files
   * replace earlier hashes of these files.
   */
  InstalledFiles replacedBy(Map<Path, String> others, Collection<Path> moreFolders) {
    var kept = new LinkedHashMap<>(hashes);
    kept.keySet().removeAll(others.keySet());
    return new InstalledFiles(file, kept, folders).and(others, moreFolders);
  }

  byte[] content(Server server) {
    var text = new StringBuilder();
    folders.forEach(folder -> text.append(line(server, FOLDER, folder)));
    hashes.forEach((path, each) -> each.forEach(hash -> text.append(line(server, hash, path))));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String line(Server server, String what, Path path) {
    // on some servers, one of these directories is inside the other
    boolean library =
        path.startsWith(server.libraries())
            && !(path.startsWith(server.shared())
                && server.shared().startsWith(server.libraries()));
    Path root = library ? server.libraries() : server.shared();
    return what + "  " + (library ? "lib/" : "share/") + root.relativize(path) + "\n";
  }
}
