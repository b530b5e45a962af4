// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files and settings that extensions add to a stock server. The files are read when they are
 * first needed. If the server's directory is already in the cache, they are not read at all. Not
 * thread-safe.
 */
public final class ExtensionBundle {
  public static final String PRELOAD = "shared_preload_libraries";

  /**
   * The format of server directories. Increase this number if {@link #write} creates a different
   * directory from the same files.
   */
  private static final String FORMAT = "4";

  /**
   * PostgreSQL's own settings that load libraries. They are listed here because their names contain
   * no dot, unlike the names of extensions' settings.
   */
  private static final Set<String> PRELOADS =
      Set.of(PRELOAD, "session_preload_libraries", "local_preload_libraries");

  /**
   * The directory for additional libraries in a container. The loader searches it last, so
   * libraries that the container already has take precedence.
   */
  private static final String MACHINES_LIBRARIES = "/usr/lib/";

  private final List<ServerExtension> extensions;
  private final Platform platform;
  private final int major;
  private final Optional<String> machines;
  private @Nullable Map<String, byte[]> files;
  private final Map<String, String> settings = new TreeMap<>();
  private final Set<String> preload = new LinkedHashSet<>();

  /** The libraries that several extensions contain in different versions. */
  private final Set<String> differing = new TreeSet<>();

  /**
   * The version of the GNU C library that the server loads from an extension's files; empty if the
   * server uses the machine's C library.
   */
  private Optional<String> ownGlibc = Optional.empty();

  /**
   * Collects the settings of extensions for a server on this machine. The files are read later.
   *
   * @throws IllegalStateException if two extensions need different values of a setting. Methods
   *     that read the files also throw this exception if two extensions contain the same file with
   *     different contents.
   */
  public ExtensionBundle(List<ServerExtension> extensions, PostgresDistribution stock)
      throws IOException {
    this(
        extensions,
        stock.platform(),
        stock.major(),
        extensions.stream().anyMatch(extension -> extension.source().hasLibc())
            ? stock.replaceableGlibc()
            : Optional.empty());
  }

  /**
   * Collects the settings of extensions for a server on any machine. The files are read later.
   *
   * @param machines the version of the machine's GNU C library; empty if the machine has a
   *     different C library, if no extension contains a GNU C library, or if extensions must not
   *     replace the machine's C library
   */
  public ExtensionBundle(
      List<ServerExtension> extensions, Platform platform, int major, Optional<String> machines) {
    this.extensions = List.copyOf(extensions);
    this.platform = platform;
    this.major = major;
    this.machines = machines;
    for (ServerExtension extension : extensions) {
      extension.settings().forEach((name, value) -> add(extension, name, value));
      preload.addAll(extension.preload());
    }
  }

  /**
   * Returns a sentence, with a leading space, if several extensions contain different versions of a
   * library. This may be the reason why an extension cannot be created, or the server does not
   * start. Otherwise returns an empty string.
   */
  public String differingLibraries() throws IOException {
    files();
    return differing.isEmpty()
        ? ""
        : " Several extensions contain different versions of "
            + String.join(", ", differing)
            + ", and the server uses the version of the first extension: list the extension that"
            + " fails first, or start a server for each extension.";
  }

  /** Returns the contents of the files by path. Reads the files on the first call. */
  private Map<String, byte[]> files() throws IOException {
    if (files == null) {
      var all = new TreeMap<String, byte[]>();
      for (ServerExtension extension : extensions) {
        extension
            .source()
            .files(platform.name(), major)
            .forEach((path, content) -> add(all, extension, path, content));
      }
      if (machines.isPresent()) {
        ownGlibc = addLibc(all, machines.get());
      }
      files = all;
    }
    return files;
  }

  /**
   * Returns the requested settings and the settings that the extensions need. The result does not
   * depend on the server.
   *
   * @throws IllegalStateException if two extensions need different values of a setting
   */
  public static Map<String, String> settings(
      List<ServerExtension> extensions, Map<String, String> asked) {
    return new ExtensionBundle(extensions, Platform.ofThisJvm(), 0, Optional.empty())
        .settings(asked);
  }

  /**
   * Returns the contents of the files that extensions add to an installed server on another
   * machine, by path on that machine. The server uses that machine's C library.
   *
   * @param libraries the server's library directory, with a trailing slash
   * @param shared the server's directory of shared files, with a trailing slash
   * @throws IllegalStateException if the extensions cannot be used on that machine; the message
   *     contains the cause
   */
  public static Map<String, byte[]> files(
      List<ServerExtension> extensions,
      Platform platform,
      int major,
      String libraries,
      String shared)
      throws IOException {
    String folder = shared.substring(0, shared.length() - 1);
    var content = new ExtensionBundle(extensions, platform, major, Optional.empty());
    content.requireNoData();
    content.check().requireUsableLibraries(Optional.empty(), Optional.empty());
    var places =
        Map.of(
            ExtensionSource.LIBRARIES, libraries,
            ExtensionSource.NEEDED, MACHINES_LIBRARIES,
            ExtensionSource.SHARED, shared);
    var files = new TreeMap<String, byte[]>();
    for (Map.Entry<String, byte[]> file : content.files().entrySet()) {
      places.forEach(
          (from, to) -> {
            if (file.getKey().startsWith(from)) {
              files.put(
                  to + file.getKey().substring(from.length()),
                  ServerDirectory.content(file, folder));
            }
          });
    }
    return files;
  }

  /**
   * Rejects extensions with libraries that need data files. A library finds its data files only if
   * their directory is next to the library's own directory, and a container does not have this
   * layout.
   */
  private void requireNoData() throws IOException {
    for (String path : files().keySet()) {
      if (path.startsWith(ExtensionSource.NEEDED_DATA)) {
        throw new IllegalStateException(
            "An extension has the data file "
                + path.substring(ExtensionSource.NEEDED_DATA.length())
                + ", which its libraries would not find in a container: use the embedded server. Or"
                + " remove the extension's jar from the class path, and use an image that contains"
                + " the extension, e.g. postgis/postgis.");
      }
    }
  }

  /**
   * If the machine's C library is too old for the extensions, adds the newest C library that the
   * extensions contain. Returns the version of the added library, or empty if none was added.
   */
  private Optional<String> addLibc(Map<String, byte[]> files, String machines) throws IOException {
    String needed =
        Stream.of(ExtensionSource.LIBRARIES, ExtensionSource.NEEDED)
            .flatMap(place -> ServerDirectory.libraries(files, place))
            .flatMap(library -> library.glibc().stream())
            .max(ElfFile.BY_VERSION)
            .orElse(machines);
    Map<String, byte[]> newest = Map.of();
    String version = machines;
    for (ServerExtension extension : extensions) {
      if (BundleCheck.isNewer(needed, version)) {
        Map<String, byte[]> libc = extension.source().libc();
        byte[] file = libc.get(ExtensionSource.LIBC + "libc.so.6");
        Optional<String> its =
            file == null || ServerDirectory.loader(libc).isEmpty()
                ? Optional.empty()
                : ElfFile.read(file).newestDefined();
        if (its.isPresent() && BundleCheck.isNewer(its.get(), version)) {
          newest = libc;
          version = its.get();
        }
      }
    }
    files.putAll(newest);
    return newest.isEmpty() ? Optional.empty() : Optional.of(version);
  }

  private void add(
      Map<String, byte[]> files, ServerExtension extension, String path, byte[] content) {
    // if two extensions contain a needed library with the same name, the first library is used: the
    // two may be different point releases, which are compatible
    byte[] before =
        path.startsWith(ExtensionSource.NEEDED)
            ? files.putIfAbsent(path, content)
            : files.put(path, content);
    if (before != null && !Arrays.equals(before, content)) {
      if (path.startsWith(ExtensionSource.NEEDED)) {
        differing.add(path.substring(ExtensionSource.NEEDED.length()));
        return;
      }
      throw new IllegalStateException(
          "The extension \""
              + extension.name()
              + "\" and another extension contain the file "
              + path
              + " with different contents. Start a server for each of the two extensions.");
    }
  }

  private void add(ServerExtension extension, String setting, String value) {
    String before = settings.put(setting, value);
    if (before != null && !before.equals(value)) {
      throw new IllegalStateException(
          "The extension \""
              + extension.name()
              + "\" needs "
              + setting
              + " = "
              + value
              + ", but another extension needs "
              + before
              + "; start a server for each extension.");
    }
  }

  /** Returns the paths of the files, relative to the server's directory. */
  public Set<String> paths() throws IOException {
    return files().keySet();
  }

  /** Returns the settings for a server, including the requested settings. */
  public Map<String, String> settings(Map<String, String> asked) {
    var all = new TreeMap<>(settings);
    all.putAll(asked);
    var libraries = new LinkedHashSet<>(preload);
    for (Map<String, String> each : List.of(settings, asked)) {
      for (String library : each.getOrDefault(PRELOAD, "").split(",", -1)) {
        libraries.add(library.strip());
      }
    }
    libraries.remove("");
    if (!libraries.isEmpty()) {
      all.put(PRELOAD, String.join(",", libraries));
    }
    return all;
  }

  /** Returns the settings that may affect CREATE EXTENSION. */
  public Map<String, String> creationSettings(Map<String, String> asked) {
    var all = new TreeMap<>(asked);
    all.keySet().removeIf(name -> name.indexOf('.') < 0 && !PRELOADS.contains(name));
    return settings(all);
  }

  /**
   * Returns a hash of the server's identity and platform, and the extensions' files. If all
   * extensions have an identity, hashes the identities instead of reading the files.
   */
  public String key(String server) throws IOException {
    MessageDigest digest = Sha256.digest();
    // a server for macOS may be the same file for both processors, but extensions' libraries differ
    Sha256.update(digest, List.of(FORMAT, server, platform));
    List<Optional<String>> identities =
        extensions.stream().map(extension -> extension.source().identity()).toList();
    if (identities.stream().allMatch(Optional::isPresent)) {
      // the machine's C library determines whether an extension's C library is among the files
      Sha256.update(digest, List.of(machines.orElse("")));
      // keep the order of the extensions, because the first of two libraries with the same name is
      // used
      Sha256.update(digest, identities.stream().flatMap(Optional::stream).toList());
    } else {
      files()
          .forEach(
              (path, content) -> {
                Sha256.update(digest, List.of(path, content.length));
                digest.update(content);
              });
    }
    return Sha256.shortened(digest);
  }

  /**
   * Creates a server's directory.
   *
   * @param stock the directory of an unpacked server; its files are hard-linked if possible
   * @param folder the directory to create
   * @param place the final location of the directory
   */
  public void write(Path stock, Path folder, Path place) throws IOException {
    new ServerDirectory(platform, files()).write(stock, folder, place);
  }

  /**
   * Rejects extensions that the server would reject. The messages of this method are clearer than
   * the server's own messages.
   *
   * @throws IllegalStateException if an extension cannot be used; the message contains the cause
   *     and a remedy
   */
  public void requireUsable(PostgresCommands programs) throws IOException {
    requireUsable(programs, platform.systemVersion());
  }

  /**
   * Rejects extensions that a server on this system would reject.
   *
   * @param system the version of the operating system or C library; see {@link
   *     Platform#systemVersion}
   */
  public void requireUsable(PostgresCommands programs, Optional<String> system) throws IOException {
    BundleCheck check = check();
    check.requireUsableLibraries(ownGlibc.isPresent() ? ownGlibc : system, program(programs));
    for (ServerExtension extension : extensions) {
      if (extension.created()) {
        check.requireControlFile(extension.name(), null, programs.scripts(), new HashSet<>());
      }
    }
  }

  private BundleCheck check() throws IOException {
    Map<String, byte[]> content = files();
    return new BundleCheck(extensions, platform, major, content, ownGlibc);
  }

  /**
   * Returns the server program, which is needed to check the symbols that libraries import from it.
   * Empty on Linux, because there the program may be a script.
   */
  private Optional<NativeFile> program(PostgresCommands programs) throws IOException {
    return platform.isLinux()
        ? Optional.empty()
        : Optional.of(NativeFileReader.read(Files.readAllBytes(programs.program("postgres"))));
  }
}
