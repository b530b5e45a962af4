// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The primary control files in a directory, with the names of their extensions. Control files of a
 * single version, e.g. a--1.0.control, are not included.
 */
final class ControlFiles {
  /** Matches the name of a control file that contains a version, e.g. postgis-3. */
  private static final Pattern WITH_VERSION = Pattern.compile("(.+)-[0-9][0-9.]*");

  private final Map<Path, String> extensions = new TreeMap<>();

  /**
   * Finds the control files in a list of files.
   *
   * <p>The package of PostGIS contains postgis-3.control. Its installation script, which the
   * testkit does not run, links postgis.control to that file. Such a file belongs to postgis if
   * there are scripts of postgis, but none of postgis-3.
   */
  ControlFiles(List<Path> files) {
    var withScripts = new HashSet<Path>();
    for (Path file : files) {
      String name = file.getFileName().toString();
      int version = name.indexOf("--");
      if (version > 0 && name.endsWith(".sql")) {
        withScripts.add(file.resolveSibling(name.substring(0, version)));
      } else if (version < 0 && name.endsWith(ControlFile.SUFFIX)) {
        extensions.put(file, name.substring(0, name.length() - ControlFile.SUFFIX.length()));
      }
    }
    extensions.replaceAll(
        (file, extension) -> {
          Matcher versioned = WITH_VERSION.matcher(extension);
          return versioned.matches()
                  && withScripts.contains(file.resolveSibling(versioned.group(1)))
                  && !withScripts.contains(file.resolveSibling(extension))
                  && !files.contains(file.resolveSibling(versioned.group(1) + ControlFile.SUFFIX))
              ? versioned.group(1)
              : extension;
        });
  }

  /** Returns the name of a control file's extension; null for all other files. */
  @Nullable String extension(Path file) {
    return extensions.get(file);
  }

  /** Returns the names of the extensions that PostgreSQL would find. */
  SortedSet<String> installed() {
    var names = new TreeSet<String>();
    extensions.forEach(
        (control, extension) -> {
          if (isInstalled(control)) {
            names.add(extension);
          }
        });
    return names;
  }

  /** Returns the control files of an extension that PostgreSQL would find. */
  List<Path> installed(String name) {
    return extensions.entrySet().stream()
        .filter(each -> each.getValue().equals(name) && isInstalled(each.getKey()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Returns the reason why an extension is not found in a directory.
   *
   * @param name the name of the extension; null if the directory contains only one
   */
  String problem(Path root, @Nullable String name) {
    SortedSet<String> names = installed();
    if (name == null && names.size() > 1) {
      return root
          + " has several extensions: "
          + String.join(", ", names)
          + ". Pass one of these names.";
    }
    String wanted = name == null ? "a control file (NAME.control)" : name + ".control";
    for (Map.Entry<Path, String> each : extensions.entrySet()) {
      Path control = each.getKey();
      if (!isInstalled(control) && (name == null || name.equals(each.getValue()))) {
        return control
            + " is not in a directory \"extension\", where PostgreSQL looks for it. If "
            + root
            + " contains the sources, run make install DESTDIR=FOLDER there, and pass that FOLDER.";
      }
    }
    for (String each : names) {
      if (name != null && each.matches(Pattern.quote(name) + "-\\d+")) {
        return root
            + " contains "
            + each
            + ".control, but no scripts of "
            + name
            + ": add the package that contains "
            + name
            + "--VERSION.sql, for example postgresql-17-postgis-3-scripts.";
      }
    }
    return root
        + " does not contain "
        + wanted
        + (names.isEmpty() ? "" : ", but only " + String.join(", ", names))
        + ". It must be the FOLDER of make install DESTDIR=FOLDER, or an unpacked package.";
  }

  private static boolean isInstalled(Path control) {
    Path folder = control.getParent();
    return folder != null && folder.endsWith("extension");
  }
}
