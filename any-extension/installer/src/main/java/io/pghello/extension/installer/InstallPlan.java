// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Installs an extension on a server, and uninstalls it. */
final class InstallPlan {
  private static final String CONTROL = ".control";
  private static final String LOCK = ".pg-extension-lock";
  private static final String REMEDY = "Use a jar with a library that is built for this server.";

  /** The state of one of the extension's files on the server. */
  enum State {
    MISSING,
    SAME,
    /** The file differs from the file to be installed, and was installed by this program. */
    OLDER,
    /** The file was not installed by this program, or was changed afterwards. */
    FOREIGN
  }

  private final PackedExtension extension;
  private final Server server;
  private final Map<Path, byte[]> files = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * Checks the extension's files, and determines their paths on the server.
   *
   * @throws RefusedException if the server cannot load the extension
   */
  InstallPlan(PackedExtension extension, Server server) throws IOException, RefusedException {
    this.extension = extension;
    this.server = server;
    Map<String, byte[]> packed;
    try {
      packed = extension.files(server.platform(), server.major());
    } catch (IllegalStateException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
    var last = new LinkedHashMap<Path, byte[]>();
    for (Map.Entry<String, byte[]> file : packed.entrySet()) {
      String path = file.getKey();
      if (path.startsWith(PackedExtension.LIBRARIES)) {
        Path place = place(server.libraries(), PackedExtension.LIBRARIES, path);
        requireLoadable(path, file.getValue());
        files.put(place, file.getValue());
      } else if (path.startsWith(PackedExtension.SHARED)) {
        Path place = place(server.shared(), PackedExtension.SHARED, path);
        byte[] content =
            path.endsWith(".sql")
                ? PackedExtension.withSharedDirectory(
                    file.getValue(), server.tree().inside(server.shared()).toString())
                : file.getValue();
        // the control file is written last, because sessions cannot create the extension before the
        // control file exists
        (path.endsWith(CONTROL) ? last : files).put(place, content);
      }
    }
    files.putAll(last);
    if (last.isEmpty()) {
      throw new RefusedException("The extension " + extension.name() + " has no control file.");
    }
  }

  private Path place(Path folder, String prefix, String path) throws IOException, RefusedException {
    Path file = Path.of(path.substring(prefix.length()));
    for (Path part : file) {
      if (part.toString().startsWith(".") || part.toString().endsWith(InstalledFiles.SUFFIX)) {
        throw new RefusedException(
            "The jar contains " + file + ", but the installer reserves such names.");
      }
    }
    return server.tree().direct(folder.resolve(file));
  }

  private void requireLoadable(String path, byte[] content) throws IOException, RefusedException {
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (!isLibrary(name)) {
      return;
    }
    NativeFile library;
    try {
      library = NativeFileReader.read(content);
    } catch (IOException e) {
      throw new RefusedException(
          "The library " + name + " cannot be used: " + e.getMessage() + ". " + REMEDY);
    }
    if (!library.platforms().contains(server.platform())) {
      throw new RefusedException(
          "The library "
              + name
              + " was built for "
              + String.join(" and ", library.platforms())
              + ", but the server is "
              + server
              + ". "
              + REMEDY);
    }
    OptionalInt major = ModuleMagic.major(content);
    if (major.isPresent() && major.getAsInt() != server.major()) {
      throw new RefusedException(
          "The library "
              + name
              + " was built for PostgreSQL "
              + major.getAsInt()
              + ", but the server is "
              + server
              + ". "
              + REMEDY);
    }
    Optional<String> problem = library.loadProblem(server.platform(), Optional.of(server.file()));
    if (problem.isPresent()) {
      throw new RefusedException("The library " + name + " " + problem.get() + ".");
    }
    requireSystem(name, library);
    for (String each : library.needed(server.platform())) {
      if (!server.hasLibrary(each)) {
        notes.add(
            name
                + " needs "
                + each
                + ", which was not found on the server's machine: install the package that contains"
                + " it.");
      }
    }
  }

  /** Rejects a library that needs a newer C library or operating system than the server has. */
  private void requireSystem(String name, NativeFile library) throws IOException, RefusedException {
    Optional<String> needed = library.minimumSystem(server.platform());
    Optional<String> present = needed.isEmpty() ? needed : server.systemVersion();
    if (needed.isPresent()
        && present.isPresent()
        && ElfFile.BY_VERSION.compare(needed.get(), present.get()) > 0) {
      throw new RefusedException(
          "The library "
              + name
              + " needs version "
              + needed.get()
              + " of "
              + (library instanceof ElfFile ? "the GNU C library" : "macOS")
              + ", but the server's machine has "
              + present.get()
              + ". Remedy: build it there with make install"
              + (library instanceof ElfFile
                  ? ", or use the package for that distribution."
                  : ", or with MACOSX_DEPLOYMENT_TARGET=" + present.get() + "."));
    }
  }

  private static boolean isLibrary(String file) {
    return file.endsWith(".so") || file.endsWith(".dylib");
  }

  /** Returns notes and further steps for the user. */
  List<String> notes() {
    return notes;
  }

  /** Returns the states of the files on the server. */
  Map<Path, State> states() throws IOException, RefusedException {
    return states(InstalledFiles.read(server, extension.name()));
  }

  private Map<Path, State> states(InstalledFiles installed) throws IOException {
    var states = new LinkedHashMap<Path, State>();
    for (Map.Entry<Path, byte[]> file : files.entrySet()) {
      states.put(file.getKey(), state(file.getKey(), file.getValue(), installed));
    }
    return states;
  }

  private static State state(Path file, byte[] content, InstalledFiles installed)
      throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return State.MISSING;
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return State.FOREIGN;
    }
    byte[] present = Files.readAllBytes(file);
    if (Arrays.equals(present, content)) {
      return State.SAME;
    }
    return installed.has(file, Sha256Sums.hash(present)) ? State.OLDER : State.FOREIGN;
  }

  /**
   * Installs missing files, and replaces older ones.
   *
   * @param changes a callback that is invoked before each file is changed
   * @param out a consumer that receives a message if this method has to wait for a lock
   * @return the files that were written, or would be written in a dry run
   * @throws RefusedException if the files cannot be changed, or if the server has a {@linkplain
   *     State#FOREIGN foreign} file in place of one of them
   * @throws IOException if the operation failed and its changes were undone as far as possible, or
   *     if only the cleanup failed
   */
  List<Path> install(boolean dryRun, Consumer<Path> changes, Consumer<String> out)
      throws IOException, RefusedException {
    List<Path> wanted = wanted();
    boolean unfinished =
        Changes.isUnfinished(InstalledFiles.place(server, extension.name()))
            || files.keySet().stream().anyMatch(Changes::isUnfinished);
    if (!dryRun && (unfinished || !wanted.isEmpty())) {
      FileChannel lock = lock(server, out);
      try (lock) {
        // another process may have changed the files in the meantime
        wanted = wanted();
        write(wanted, changes);
      }
    }
    return wanted;
  }

  private List<Path> wanted() throws IOException, RefusedException {
    Map<Path, State> states = states();
    for (Map.Entry<Path, State> file : states.entrySet()) {
      if (file.getValue() == State.FOREIGN) {
        throw new RefusedException(
            file.getKey()
                + " differs from the file in the jar. Either the installer did not write it, or it"
                + " was changed afterwards. Remedy: remove the package that the file belongs to, or"
                + " move the file away.");
      }
    }
    List<Path> wanted =
        states.keySet().stream().filter(file -> states.get(file) != State.SAME).toList();
    for (Path file : wanted) {
      DirectoryPermissions.requireWritable(parent(file));
    }
    return wanted;
  }

  private void write(List<Path> wanted, Consumer<Path> before)
      throws IOException, RefusedException {
    InstalledFiles installed = InstalledFiles.read(server, extension.name());
    var all = new LinkedHashSet<>(files.keySet());
    all.addAll(installed.hashes().keySet());
    clean(all, installed);
    var hashes = new LinkedHashMap<Path, String>();
    for (Path file : wanted) {
      hashes.put(file, Sha256Sums.hash(content(file)));
    }
    List<Path> folders = missingDirectories(wanted);
    try (var changes = new Changes(before)) {
      // save the list first: if the process is killed, the next run must recognize the remaining
      // files as installed by this program
      save(changes, installed.and(hashes, folders));
      for (Path folder : folders) {
        changes.createDirectory(folder);
      }
      // prepare all files first, so that a full disk is detected before files are replaced
      for (Path file : wanted) {
        changes.prepare(file, content(file), isLibrary(file.toString()));
      }
      for (Path file : wanted) {
        changes.replace(file);
      }
      save(changes, installed.replacedBy(hashes, folders));
      changes.complete();
    }
  }

  private void save(Changes changes, InstalledFiles installed) throws IOException {
    changes.prepare(installed.file(), installed.content(server), false);
    changes.replace(installed.file());
  }

  private byte[] content(Path file) {
    byte[] content = files.get(file);
    if (content == null) {
      throw new IllegalStateException(file.toString());
    }
    return content;
  }

  /** Removes the temporary files of killed runs. */
  private static void clean(Set<Path> files, InstalledFiles installed)
      throws IOException, RefusedException {
    var all = new LinkedHashSet<>(files);
    all.add(installed.file());
    for (Path file : all) {
      DirectoryPermissions.requireWritable(parent(file));
    }
    for (Path file : all) {
      if (Files.isDirectory(parent(file))) {
        Changes.clean(file);
      }
    }
  }

  /** Returns the missing directories of files, outer directories first. */
  private static List<Path> missingDirectories(List<Path> files) {
    var missing = new TreeSet<Path>();
    for (Path file : files) {
      for (Path folder = parent(file);
          !Files.exists(folder, LinkOption.NOFOLLOW_LINKS);
          folder = parent(folder)) {
        missing.add(folder);
      }
    }
    return List.copyOf(missing);
  }

  /**
   * The files that were removed, and the files that were kept because they were changed after the
   * installation.
   */
  record Removed(List<Path> files, List<Path> kept) {}

  /**
   * Removes the installed files, except files that were changed after the installation.
   *
   * @param changes a callback that is invoked before each file is changed
   * @param out a consumer that receives a message if this method has to wait for a lock
   * @throws RefusedException if the files cannot be changed
   * @throws IOException if the operation failed and its changes were undone as far as possible, or
   *     if only the cleanup failed
   */
  static Removed uninstall(
      Server server, String extension, boolean dryRun, Consumer<Path> changes, Consumer<String> out)
      throws IOException, RefusedException {
    InstalledFiles before = InstalledFiles.read(server, extension);
    Removed removed = toRemove(before);
    if (!dryRun && (!before.isEmpty() || Changes.isUnfinished(before.file()))) {
      FileChannel lock = lock(server, out);
      try (lock) {
        // another process may have changed the list in the meantime
        InstalledFiles installed = InstalledFiles.read(server, extension);
        removed = toRemove(installed);
        remove(removed.files, installed, changes);
      }
    }
    return removed;
  }

  private static void remove(List<Path> files, InstalledFiles installed, Consumer<Path> before)
      throws IOException, RefusedException {
    clean(installed.hashes().keySet(), installed);
    try (var changes = new Changes(before)) {
      for (Path file : files) {
        changes.remove(file);
      }
      var folders = new ArrayList<>(installed.folders());
      Collections.reverse(folders);
      folders.forEach(changes::removeDirectoryLast);
      // remove the list last: if the process is killed, the next run still needs the list of the
      // remaining files
      changes.removeLast(installed.file());
      changes.complete();
    }
  }

  private static Removed toRemove(InstalledFiles installed) throws IOException, RefusedException {
    var removed = new ArrayList<Path>();
    var kept = new ArrayList<Path>();
    for (Path file : installed.hashes().keySet()) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        boolean same =
            Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && installed.has(file, Sha256Sums.hash(Files.readAllBytes(file)));
        (same ? removed : kept).add(file);
      }
    }
    // remove the control file first, so that no session creates the extension in the meantime
    removed.sort((a, b) -> Boolean.compare(isControl(b), isControl(a)));
    for (Path file : removed) {
      DirectoryPermissions.requireWritable(parent(file));
    }
    for (Path folder : installed.folders()) {
      DirectoryPermissions.requireWritable(parent(folder));
    }
    return new Removed(removed, kept);
  }

  private static boolean isControl(Path file) {
    return file.toString().endsWith(CONTROL);
  }

  private static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }

  /**
   * Locks a server until the returned channel is closed or the process ends. While the lock is
   * held, no other run of the installer can change the server. The lock file is never removed,
   * because a new file would have a separate lock. The file is opened only here, because a process
   * loses its locks on a file when it closes any descriptor of the file.
   */
  private static FileChannel lock(Server server, Consumer<String> out)
      throws IOException, RefusedException {
    DirectoryPermissions.requireWritable(server.scripts());
    Path file = server.tree().direct(server.scripts().resolve(LOCK));
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(file + " is not a regular file. Remedy: remove it.");
    }
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
            // any user who can open the file can lock it, so only its owner may open it
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      if (channel.tryLock() == null) {
        out.accept(
            "Another run of the installer is in progress. This run waits until it has finished.");
        channel.lock();
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }
}
