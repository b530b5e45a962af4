// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ModuleMagic;
import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  private static final Pattern OF_C_LIBRARY =
      Pattern.compile("(?:lib(?:c|dl|m|pthread|resolv|rt|util)|ld-linux[-\\w]*)\\.so\\.\\d");

  private static final int MAX_SIMILAR = 3;
  // two names are similar if one contains the other, but names with fewer letters than this would
  // match too often
  private static final int MIN_PART = 4;
  private static final int LETTERS_PER_SLIP = 4;

  /**
   * The extensions that are in Debian's PostGIS packages but not in the jar of this project's
   * PostGIS recipe, each with an explanation for the error message.
   */
  private static final Map<String, String> LEFT_OUT =
      Map.of(
          "postgis_raster", leftOut("GDAL and 90 other libraries"),
          "postgis_sfcgal", leftOut("SFCGAL and its libraries"));

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
    content.requireUsableLibraries(Optional.empty(), Optional.empty());
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
              files.put(to + file.getKey().substring(from.length()), content(file, folder));
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
            .flatMap(place -> libraries(files, place))
            .flatMap(library -> library.glibc().stream())
            .max(ElfFile.BY_VERSION)
            .orElse(machines);
    Map<String, byte[]> newest = Map.of();
    String version = machines;
    for (ServerExtension extension : extensions) {
      if (isNewer(needed, version)) {
        Map<String, byte[]> libc = extension.source().libc();
        byte[] file = libc.get(ExtensionSource.LIBC + "libc.so.6");
        Optional<String> its =
            file == null || loader(libc).isEmpty()
                ? Optional.empty()
                : ElfFile.read(file).newestDefined();
        if (its.isPresent() && isNewer(its.get(), version)) {
          newest = libc;
          version = its.get();
        }
      }
    }
    files.putAll(newest);
    return newest.isEmpty() ? Optional.empty() : Optional.of(version);
  }

  /**
   * Reads the libraries in a directory. Skips unreadable libraries, which requireUsable() reports.
   */
  private static Stream<ElfFile> libraries(Map<String, byte[]> files, String place) {
    return files.entrySet().stream()
        .filter(file -> file.getKey().startsWith(place))
        .flatMap(
            file -> {
              try {
                return Stream.of(ElfFile.read(file.getValue()));
              } catch (IOException e) {
                return Stream.empty();
              }
            });
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
    link(stock, folder);
    for (Map.Entry<String, byte[]> file : files().entrySet()) {
      Path path = folder.resolve(platform.pathInServer(file.getKey()));
      if (isLeftOut(file.getKey(), stock)) {
        continue;
      }
      Path parent = Objects.requireNonNull(path.getParent());
      // in an installed server, the directory may be a symbolic link
      if (!Files.isDirectory(parent)) {
        Files.createDirectories(parent);
      }
      // an existing file may be a hard link to the stock server's file, which must not be
      // overwritten
      Files.deleteIfExists(path);
      Files.write(path, content(file, sharedFolder(place)), StandardOpenOption.CREATE_NEW);
    }
    String preloaded = preloadedLibraries(stock);
    Optional<String> loader = loader(files());
    // the programs of a packaged server are scripts that use an extension's C library
    boolean launched = Files.isDirectory(stock.resolve(PostgresCommands.LAUNCHED));
    if (loader.isPresent() && launched) {
      Files.setPosixFilePermissions(
          folder.resolve(loader.get()), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    if (loader.isPresent() && !launched) {
      useOwnLibc(folder, loader.get(), preloaded);
    } else if (!preloaded.isEmpty()) {
      Files.writeString(folder.resolve(PostgresCommands.PRELOADED), preloaded);
    }
    if (needsLibrariesOf(stock)) {
      // if this directory exists, PostgresCommands adds the server's own libraries to the search
      // path
      Files.createDirectories(folder.resolve(ExtensionSource.NEEDED));
    }
  }

  /**
   * Returns the path of the directory of shared files, with slashes, as it is written in SQL
   * scripts.
   */
  private String sharedFolder(Path place) {
    return place
        .resolve(platform.pathInServer(ExtensionSource.SHARED))
        .toString()
        .replace(File.separatorChar, '/');
  }

  /** Returns whether a library is omitted because the stock server already has it. */
  private static boolean isLeftOut(String path, Path stock) {
    return path.startsWith(ExtensionSource.NEEDED)
        && Files.exists(
            stock.resolve("lib").resolve(path.substring(ExtensionSource.NEEDED.length())));
  }

  /**
   * Returns the names, separated by colons, of the libraries that the extensions' libraries need
   * directly and that the stock server does not have. If the server loads these libraries when it
   * starts, sessions need not load them. With PostGIS, this makes the first call in a session three
   * times as fast. The extensions' own libraries are excluded, because they initialize themselves
   * in each session.
   */
  private String preloadedLibraries(Path stock) throws IOException {
    Map<String, byte[]> all = files();
    return libraries(all, ExtensionSource.LIBRARIES)
        .flatMap(library -> library.needed().stream())
        .map(ExtensionSource.NEEDED::concat)
        .filter(all::containsKey)
        .filter(path -> !isLeftOut(path, stock))
        .map(path -> path.substring(ExtensionSource.NEEDED.length()))
        // also excludes names with characters that a shell would interpret
        .filter(name -> name.matches("[A-Za-z0-9._+-]+"))
        .distinct()
        .filter(name -> isComplete(all, name, stock, new HashSet<>()))
        .sorted()
        .collect(Collectors.joining(":"));
  }

  /**
   * Returns whether a library, and each library that it needs, is in the server's directory or part
   * of the C library. The server would not start if it had to preload a library that needs a
   * missing library.
   */
  private static boolean isComplete(
      Map<String, byte[]> files, String name, Path stock, Set<String> seen) {
    if (!seen.add(name)
        || OF_C_LIBRARY.matcher(name).matches()
        || isLeftOut(ExtensionSource.NEEDED + name, stock)) {
      return true;
    }
    byte[] content = files.get(ExtensionSource.NEEDED + name);
    try {
      return content != null
          && ElfFile.read(content).needed().stream()
              .allMatch(each -> isComplete(files, each, stock, seen));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Replaces the server program with a script that makes the server use the C library in its own
   * directory. Other programs that the server runs use the machine's C library. The script relies
   * on initdb and pg_ctl starting the server by its absolute path.
   */
  private static void useOwnLibc(Path folder, String loader, String preloaded) throws IOException {
    Path program = folder.resolve("bin/postgres");
    Files.move(program, folder.resolve("bin/postgres.bin"));
    Files.writeString(
        program,
        """
        #!/bin/sh
        folder=${0%%/bin/postgres}
        exec "$folder/%s" --argv0 "$folder/bin/postgres" \
          --library-path "$folder/%s:$folder/%s:$folder/lib" %s"$folder/bin/postgres.bin" "$@"
        """
            .formatted(
                loader,
                ExtensionSource.NEEDED,
                ExtensionSource.LIBC,
                preloaded.isEmpty() ? "" : "--preload " + preloaded + " "));
    for (Path each : List.of(program, folder.resolve(loader))) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private boolean needsLibrariesOf(Path stock) throws IOException {
    return libraries(files(), ExtensionSource.LIBRARIES)
        .flatMap(library -> library.needed().stream())
        .anyMatch(needed -> Files.exists(stock.resolve("lib").resolve(needed)));
  }

  private static Optional<String> loader(Map<String, byte[]> libc) {
    return libc.keySet().stream()
        .filter(path -> path.startsWith(ExtensionSource.LIBC + "ld-linux"))
        .findFirst();
  }

  private static boolean isNewer(String version, String other) {
    return ElfFile.BY_VERSION.compare(version, other) > 0;
  }

  private static byte[] content(Map.Entry<String, byte[]> file, String shared) {
    return file.getKey().endsWith(".sql")
        ? PackedExtension.withSharedFolder(file.getValue(), shared)
        : file.getValue();
  }

  /** Copies a directory tree. Files are hard-linked if possible, and otherwise copied. */
  private static void link(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path link = to.resolve(from.relativize(file));
            if (attributes.isSymbolicLink()) {
              Files.createSymbolicLink(link, Files.readSymbolicLink(file));
            } else if (!file.equals(from.resolve(InstallationCache.LIST))) {
              linkOrCopy(file, link);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void linkOrCopy(Path file, Path link) throws IOException {
    try {
      Files.createLink(link, file);
    } catch (IOException | UnsupportedOperationException e) {
      // not every file system supports links, and some limit the number of links to a file
      Files.copy(file, link);
    }
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
    files();
    requireUsableLibraries(ownGlibc.isPresent() ? ownGlibc : system, program(programs));
    for (ServerExtension extension : extensions) {
      if (extension.created()) {
        requireControlFile(extension.name(), null, programs.scripts(), new HashSet<>());
      }
    }
  }

  /**
   * Returns the server program, which is needed to check the symbols that libraries import from it.
   * Empty on Linux, because there the program may be a script.
   */
  private Optional<NativeFile> program(PostgresCommands programs) throws IOException {
    return platform.isLinux()
        ? Optional.empty()
        : Optional.of(NativeFile.read(Files.readAllBytes(programs.program("postgres"))));
  }

  /**
   * Rejects libraries that the server could not load.
   *
   * @param system the version of the server's operating system or C library; empty if unknown
   * @param server the server program; empty if its symbols are not checked
   */
  private void requireUsableLibraries(Optional<String> system, Optional<NativeFile> server)
      throws IOException {
    String suffix = PackedExtension.librarySuffix(platform.name(), major);
    for (Map.Entry<String, byte[]> file : files().entrySet()) {
      String name = file.getKey().substring(file.getKey().lastIndexOf('/') + 1);
      if (platform.isMac() && file.getKey().startsWith(ExtensionSource.NEEDED)) {
        throw new IllegalStateException(
            "The extension contains the library "
                + name
                + ", which PostgreSQL cannot find on macOS: because of the server's signature,"
                + " macOS ignores DYLD_LIBRARY_PATH. Link it statically into the extension's"
                + " library.");
      }
      if (file.getKey().startsWith(ExtensionSource.LIBRARIES) && name.endsWith(suffix)) {
        requireUsable(name, file.getValue(), system, server);
      }
    }
  }

  private void requireUsable(
      String file, byte[] content, Optional<String> system, Optional<NativeFile> server) {
    NativeFile library;
    try {
      library = NativeFile.read(content);
    } catch (IOException e) {
      throw new IllegalStateException(
          "The library " + file + " cannot be used: " + e.getMessage() + ". Build it again.", e);
    }
    if (!library.platforms().contains(platform.name())) {
      throw new IllegalStateException(
          "The library "
              + file
              + " was built for "
              + String.join(" and ", library.platforms())
              + ", but the server's machine is "
              + platform
              + ": build it there, or use the package for that platform.");
    }
    OptionalInt built = ModuleMagic.major(content);
    if (built.isPresent() && built.getAsInt() != major) {
      throw new IllegalStateException(
          "The library "
              + file
              + " was built for PostgreSQL "
              + built.getAsInt()
              + ", but the server is PostgreSQL "
              + major
              + ": build it with the server's PG_CONFIG, or use a server of the library's"
              + " version.");
    }
    Optional<String> problem = library.loadProblem(platform.name(), server);
    if (problem.isPresent()) {
      throw new IllegalStateException("The library " + file + " " + problem.get() + ".");
    }
    Optional<String> needed = library.minimumSystem(platform.name());
    if (needed.isPresent() && system.isPresent() && isNewer(needed.get(), system.get())) {
      throw new IllegalStateException(
          "The library " + file + " needs " + newerSystem(needed.get(), system.get()));
    }
  }

  private String newerSystem(String needed, String present) {
    if (!platform.isLinux()) {
      return (platform.isMac() ? "macOS " : "Windows ")
          + needed
          + ", but this machine has "
          + present
          + ": build it for that version"
          + (platform.isMac() ? " (MACOSX_DEPLOYMENT_TARGET=" + present + ")." : ".");
    }
    return "version "
        + needed
        + " of the GNU C library, but "
        + (ownGlibc.isPresent()
            ? "the extensions' packages contain version " + present + ": use a newer libc6 package."
            : "this machine has "
                + present
                + ": build it here, or use the package from an older distribution."
                + missingLibc());
  }

  /**
   * Returns a sentence, with a leading space, if the jar of an extension's C library is missing.
   */
  private String missingLibc() {
    return extensions.stream()
        .flatMap(extension -> extension.source().missingLibc().stream())
        .findFirst()
        .map(
            libc ->
                " Or add the jar that contains "
                    + libc
                    + " to the class path (for recipes: pg-extension-glibc)."
                    + ClassPathExtension.unreadableJars())
        .orElse("");
  }

  private void requireControlFile(
      String name, @Nullable String by, List<Path> scripts, Set<String> seen) throws IOException {
    if (!seen.add(name)) {
      return;
    }
    Optional<Path> file =
        scripts.stream()
            .map(folder -> folder.resolve(name + ControlFile.SUFFIX))
            .filter(Files::isRegularFile)
            .findFirst();
    if (file.isEmpty() && by != null && ClassPathExtension.find(name).isPresent()) {
      throw new IllegalStateException(
          "The extension \""
              + by
              + "\" requires \""
              + name
              + "\", which is on the class path: add it to the extensions of the server, too.");
    }
    if (file.isEmpty()) {
      List<String> ofServer = names(scripts);
      List<String> onClassPath = ClassPathExtension.names();
      throw new IllegalStateException(
          (by == null
                  ? "There is no extension \"" + name + "\"."
                  : "The extension \"" + by + "\" requires \"" + name + "\", which was not found.")
              + LEFT_OUT.getOrDefault(
                  name, similar(name, Stream.concat(onClassPath.stream(), ofServer.stream())))
              + ClassPathExtension.unreadableJars()
              + " The class path contains "
              + (onClassPath.isEmpty() ? "no extension" : String.join(", ", onClassPath))
              + ". Add the jar that contains META-INF/pg-extension/"
              + name
              + ".properties, such as a recipe of docs/extensions.md, or use"
              + " NativeExtension.fromInstall(...). PostgreSQL "
              + major
              + " includes only "
              + String.join(", ", ofServer)
              + ".");
    }
    for (String required : new ControlFile(Files.readAllBytes(file.get())).requires()) {
      requireControlFile(required, name, scripts, seen);
    }
  }

  private static String leftOut(String reason) {
    return " The PostGIS recipe does not contain this extension, because it needs "
        + reason
        + ": use the container image postgis/postgis, or an installed server with PostGIS.";
  }

  /**
   * Returns a question that suggests similar names, with a leading space; an empty string if no
   * name is similar.
   */
  static String similar(String name, Stream<String> names) {
    String asked = plain(name);
    String similar =
        names
            .filter(
                each -> {
                  String its = plain(each);
                  return !its.isEmpty()
                      && (its.equals(asked)
                          || (Math.min(its.length(), asked.length()) >= MIN_PART
                              && (its.contains(asked) || asked.contains(its)))
                          || differences(its, asked) <= asked.length() / LETTERS_PER_SLIP);
                })
            .distinct()
            .limit(MAX_SIMILAR)
            .map(each -> '"' + each + '"')
            .collect(Collectors.joining(" or "));
    return similar.isEmpty() ? "" : " Did you mean " + similar + "?";
  }

  /**
   * Returns a name without punctuation and without a prefix such as "pg" or "postgres", e.g.
   * "vector" for both pgvector and pg_vector.
   */
  private static String plain(String name) {
    String letters = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    return letters.replaceFirst("^(postgresql|postgres|pg)(?=.)", "");
  }

  /**
   * Returns the number of letters to insert, delete or replace in order to turn one name into the
   * other.
   */
  private static int differences(String one, String other) {
    int[] row = IntStream.rangeClosed(0, other.length()).toArray();
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int above = row[j];
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
        diagonal = above;
      }
    }
    return row[other.length()];
  }

  private static List<String> names(List<Path> folders) throws IOException {
    var names = new TreeSet<String>();
    for (Path folder : folders) {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> scripts = Files.list(folder)) {
          scripts
              .map(path -> path.getFileName().toString())
              .filter(name -> name.endsWith(ControlFile.SUFFIX) && !name.contains("--"))
              .map(name -> name.substring(0, name.length() - ControlFile.SUFFIX.length()))
              .forEach(names::add);
        }
      }
    }
    return List.copyOf(names);
  }
}
