// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of an extension in a jar, which a descriptor lists. {@link #files} returns the files
 * for a server.
 *
 * <p>The descriptor is {@code META-INF/pg-extension/NAME.properties}; docs/extension-build.md
 * describes its keys. Thread-safe.
 */
public final class PackedExtension {
  /** The directory of descriptors. */
  public static final String DESCRIPTORS = "META-INF/pg-extension/";

  /**
   * Placeholder in scripts for the directory of shared files. The path of this directory is known
   * only at installation.
   */
  public static final String SHARED_FOLDER = "@PG_EXTENSION_SHARED_FOLDER@";

  /** Directory of libraries, relative to the server's directory. */
  public static final String LIBRARIES = "lib/postgresql/";

  /**
   * Directory of the libraries that extension libraries need, relative to the server's directory.
   */
  public static final String NEEDED = "lib/needed/";

  /**
   * Directory of data files of the libraries in {@link #NEEDED}, relative to the server's
   * directory. The PROJ library finds its data only in a {@code share} directory next to the
   * library directory.
   */
  public static final String NEEDED_DATA = "lib/share/";

  /** Directory of a separate C library, relative to the server's directory. */
  public static final String LIBC = "lib/libc/";

  /** Directory of shared files, relative to the server's directory. */
  public static final String SHARED = "share/postgresql/";

  /** Directory of control files and scripts, relative to the server's directory. */
  public static final String SCRIPTS = SHARED + "extension/";

  private static final Pattern LIBRARY_SUFFIX = Pattern.compile("\\.(?:so|dylib|dll)$");
  private static final Pattern WITH_VERSION = Pattern.compile("\\.so\\.[0-9.]+$");
  private static final int FIRST_WITH_DYLIB = 16;

  /** The source of a jar's files. */
  public interface Resources {
    /** Opens a file; returns null if it does not exist. */
    @Nullable InputStream open(String name) throws IOException;

    /** Returns whether a file exists, and is in a jar rather than in a directory. */
    default boolean isInJar(String name) {
      return false;
    }

    /**
     * Returns a phrase for messages that names the location of the files, e.g. "on the class path".
     */
    String place();
  }

  // a descriptor is necessary, because Java cannot list the resources of a directory
  private final Descriptor descriptor;
  private final Resources resources;

  /**
   * Reads a descriptor.
   *
   * @param from the name of the descriptor for use in error messages
   * @throws IllegalStateException if the descriptor is invalid
   */
  public PackedExtension(String name, String from, InputStream in, Resources resources) {
    this.descriptor = new Descriptor(name, DESCRIPTORS + name, from, in);
    this.resources = resources;
  }

  /** Returns the extension's name, as used in {@code CREATE EXTENSION}. */
  public String name() {
    return descriptor.name();
  }

  /** Returns the names of the libraries that a server must preload. */
  public List<String> preload() {
    return descriptor.list("preload");
  }

  /** Returns the settings that a server needs: values by name. */
  public Map<String, String> settings() {
    return descriptor.settings();
  }

  /**
   * Returns the version of the headers that the libraries for a major version were built with; null
   * if the descriptor does not contain it.
   */
  public @Nullable String headersVersion(int major) {
    return descriptor.headersVersion(major);
  }

  /** Returns the names of the control files and the scripts. */
  public List<String> scripts() {
    return descriptor.list("scripts");
  }

  /**
   * Returns the files for a server: contents by path. Paths are relative to the server's directory.
   *
   * @param platform the platform of the server, for example {@code linux-amd64}
   * @throws IllegalStateException if there are no files for this server; the message lists the
   *     supported platforms and versions
   */
  public Map<String, byte[]> files(String platform, int major) {
    var files = new LinkedHashMap<String, byte[]>();
    for (String library : descriptor.list("libraries")) {
      // check the name that the descriptor contains, not the name of the file, so that error
      // messages contain the name from the descriptor
      String path = libraryFile(inDirectory(LIBRARIES, library), platform, major);
      files.put(path, library(path.substring(LIBRARIES.length()), platform, major));
    }
    for (String script : scripts()) {
      files.put(inDirectory(SCRIPTS, script), read(script));
    }
    for (String file : descriptor.list("data")) {
      files.put(inDirectory(SHARED, file), read(file));
    }
    if (!descriptor.list("majors").isEmpty()) {
      files.putAll(filesOf(platform, major));
    }
    return files;
  }

  /**
   * Returns a string that changes when any of the files changes. The string is computed from the
   * scripts, the data and the lists of hashes, so the libraries need not be read. Empty if the
   * files are not in jars, because a library in a directory may be rebuilt without an update of the
   * list of hashes.
   */
  public Optional<String> identity() {
    var listed = new ArrayList<String>();
    if (!descriptor.list("libraries").isEmpty() || !descriptor.list("majors").isEmpty()) {
      listed.add(descriptor.directory() + "/" + Sha256Sums.FILE);
    }
    if (hasLibc()) {
      listed.add(descriptor.libc() + "/" + Sha256Sums.FILE);
    }
    if (!Stream.concat(Stream.of(descriptor.path()), listed.stream())
        .allMatch(resources::isInJar)) {
      return Optional.empty();
    }
    var parts = new StringBuilder().append(descriptor.values());
    for (String sums : listed) {
      parts.append(Sha256Sums.hash(content(sums)));
    }
    for (String key : List.of("scripts", "data")) {
      for (String file : descriptor.list(key)) {
        parts.append(Sha256Sums.hash(read(file)));
      }
    }
    return Optional.of(Sha256Sums.hash(parts.toString().getBytes(StandardCharsets.UTF_8)));
  }

  private Map<String, byte[]> filesOf(String platform, int major) {
    Map<String, byte[]> shared = in(descriptor.directory(), "share/" + major + "/", SHARED);
    if (shared.isEmpty()) {
      throw descriptor.noFiles(major);
    }
    Map<String, byte[]> libraries =
        in(descriptor.directory(), platform + "/" + major + "/", LIBRARIES);
    if (libraries.isEmpty() && builds().stream().anyMatch(build -> build.endsWith("/" + major))) {
      throw noLibrary(platform, major);
    }
    requireSuffix(libraries.keySet(), platform, major);
    var files = new LinkedHashMap<>(shared);
    files.putAll(libraries);
    files.putAll(in(descriptor.directory(), "needed/" + platform + "/" + major + "/", NEEDED));
    files.putAll(in(descriptor.directory(), "needed/share/" + major + "/", NEEDED_DATA));
    return files;
  }

  /**
   * Returns the name of a library's file on a platform. Servers look for {@code .dll} on Windows,
   * for {@code .dylib} on macOS since PostgreSQL 16, and otherwise for {@code .so}.
   *
   * @param library the library's name without a suffix, or with the suffix of any platform. A name
   *     with a version after the suffix ({@code libacme.so.1}) is returned unchanged.
   */
  public static String libraryFile(String library, String platform, int major) {
    if (WITH_VERSION.matcher(library).find()) {
      return library;
    }
    return LIBRARY_SUFFIX.matcher(library).replaceFirst("") + librarySuffix(platform, major);
  }

  /** Returns the suffix of libraries, e.g. {@code .so} (see {@link #libraryFile}). */
  public static String librarySuffix(String platform, int major) {
    if (platform.startsWith("windows-")) {
      return ".dll";
    }
    return platform.startsWith("darwin-") && major >= FIRST_WITH_DYLIB ? ".dylib" : ".so";
  }

  /**
   * Rejects a library with the suffix of another platform, because the server would not find it. A
   * library is accepted if there is also one with the same name and the right suffix.
   */
  private void requireSuffix(Set<String> libraries, String platform, int major) {
    for (String library : libraries) {
      String expected = libraryFile(library, platform, major);
      if (platform.startsWith("darwin-") && library.endsWith(".dylib")) {
        // up to PostgreSQL 15, another library may link to it
        continue;
      }
      if (LIBRARY_SUFFIX.matcher(library).find() && !libraries.contains(expected)) {
        String folder = descriptor.directory() + "/" + platform + "/" + major + "/";
        throw new IllegalStateException(
            folder
                + library.substring(LIBRARIES.length())
                + " has the wrong suffix: on "
                + platform
                + ", PostgreSQL "
                + major
                + " loads only files with the suffix "
                + librarySuffix(platform, major)
                + ". Build the library for this platform; if it was built for it, rename it to "
                + expected.substring(LIBRARIES.length())
                + ".");
      }
    }
  }

  /** Returns whether the extension includes a C library for any platform. */
  public boolean hasLibc() {
    String libc = descriptor.libc();
    return libc != null && has(libc + "/" + Sha256Sums.FILE);
  }

  /** Returns the directory of the C library if the descriptor names one that does not exist. */
  public Optional<String> missingLibc() {
    return hasLibc() ? Optional.empty() : Optional.ofNullable(descriptor.libc());
  }

  /**
   * Returns the files of the C library for which the libraries were built, in the format of {@link
   * #files}.
   */
  public Map<String, byte[]> libc(String platform) {
    String libc = descriptor.libc();
    return libc == null || !hasLibc() ? Map.of() : in(libc, platform + "/", LIBC);
  }

  /**
   * Returns the files of a directory that are below a path: contents by their paths on a server.
   */
  private Map<String, byte[]> in(String folder, String path, String place) {
    var files = new LinkedHashMap<String, byte[]>();
    sums(folder)
        .hashes()
        .forEach(
            (file, hash) -> {
              if (file.startsWith(path)) {
                files.put(
                    inDirectory(place, file.substring(path.length())), read(folder, file, hash));
              }
            });
    return files;
  }

  /**
   * Returns the path, below a directory, of a file that the descriptor lists. Rejects paths that
   * lead outside the directory.
   */
  private String inDirectory(String folder, String file) {
    try {
      return below(folder, file);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(descriptor.path() + " lists " + e.getMessage(), e);
    }
  }

  /**
   * Returns the path of a file below a directory.
   *
   * @throws IllegalArgumentException if the file is not below the directory
   */
  public static String below(String folder, String file) {
    Path path = Path.of(file);
    if (path.isAbsolute()
        || file.isEmpty()
        || file.chars().anyMatch(Character::isISOControl)
        || !path.normalize().toString().replace(File.separatorChar, '/').equals(file)
        || path.startsWith("..")) {
      throw new IllegalArgumentException("\"" + file + "\", which is not a path below " + folder);
    }
    return folder + file;
  }

  /**
   * Replaces the placeholder {@link #SHARED_FOLDER} in a script with the path of a server's
   * directory of shared files. Returns the new script.
   */
  public static byte[] withSharedDirectory(byte[] script, String shared) {
    var text = new String(script, StandardCharsets.ISO_8859_1);
    if (!text.contains(SHARED_FOLDER)) {
      return script;
    }
    String quoted = shared.replace("'", "''");
    var bytes = new String(quoted.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    return text.replace(SHARED_FOLDER, bytes).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Returns the content of a file in the {@code folder} of the descriptor. */
  public byte[] read(String file) {
    return read(descriptor.directory(), file);
  }

  private boolean has(String resource) {
    try (InputStream in = resources.open(resource)) {
      return in != null;
    } catch (IOException e) {
      throw new IllegalStateException(resource + " cannot be read: " + e.getMessage(), e);
    }
  }

  private byte[] read(String folder, String file) {
    return content(folder + "/" + file);
  }

  private byte[] content(String resource) {
    try (InputStream in = resources.open(resource)) {
      if (in == null) {
        throw new IllegalStateException(
            "There is no "
                + resource
                + " "
                + resources.place()
                + ", although "
                + descriptor.path()
                + " lists it.");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(resource + " cannot be read: " + e.getMessage(), e);
    }
  }

  private byte[] read(String folder, String file, String hash) {
    byte[] content = read(folder, file);
    if (!hash.equals(Sha256Sums.hash(content))) {
      throw new IllegalStateException(
          file + " does not match " + Sha256Sums.FILE + ": it is damaged, or was built again.");
    }
    return content;
  }

  /**
   * Returns the library that was built for a platform and a major version.
   *
   * @throws IllegalStateException if there is none; the message lists the existing builds
   */
  public byte[] library(String library, String platform, int major) {
    String path = platform + "/" + major + "/" + library;
    String hash = sums(descriptor.directory()).hashes().get(path);
    if (hash == null) {
      throw noLibrary(platform, major);
    }
    return read(descriptor.directory(), path, hash);
  }

  private IllegalStateException noLibrary(String platform, int major) {
    return new IllegalStateException(
        "The extension \""
            + name()
            + "\" has no library for PostgreSQL "
            + major
            + " on "
            + platform
            + ", only for "
            + String.join(", ", builds())
            + (builds().size() == 1 ? ". Use it" : ". Use one of these")
            + ", or run make install with the pg_config of such a server, and use that server.");
  }

  /**
   * Returns the platforms and major versions for which the libraries were built, for example {@code
   * linux-amd64/17}.
   */
  public List<String> builds() {
    return sums(descriptor.directory()).builds();
  }

  /**
   * Returns the major versions that the extension has files for. Empty if all versions share the
   * files, e.g. of an extension in SQL.
   *
   * @throws IllegalStateException if the descriptor contains an invalid version
   */
  public List<Integer> majors() {
    var majors = new TreeSet<Integer>();
    try {
      for (String major : descriptor.list("majors")) {
        majors.add(Integer.valueOf(major));
      }
      if (majors.isEmpty() && !descriptor.list("libraries").isEmpty()) {
        for (String build : builds()) {
          majors.add(Integer.valueOf(build.substring(build.indexOf('/') + 1)));
        }
      }
    } catch (NumberFormatException e) {
      throw new IllegalStateException(
          descriptor.path() + " contains an invalid major version: " + e.getMessage(), e);
    }
    return List.copyOf(majors);
  }

  /** Returns whether the extension has a library for a platform, or needs none. */
  public boolean isBuiltFor(String platform, int major) {
    if (descriptor.list("majors").isEmpty() && descriptor.list("libraries").isEmpty()) {
      return true;
    }
    List<String> builds = builds();
    return builds.contains(platform + "/" + major)
        || (!descriptor.list("majors").isEmpty()
            && builds.stream().noneMatch(build -> build.endsWith("/" + major)));
  }

  private Sha256Sums sums(String folder) {
    return new Sha256Sums(read(folder, Sha256Sums.FILE));
  }
}
