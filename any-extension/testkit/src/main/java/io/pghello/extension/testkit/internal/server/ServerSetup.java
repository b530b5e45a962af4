// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.Distributions;
import io.pghello.extension.testkit.internal.distribution.InstalledDistribution;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.files.ExtensionBundle;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Starts embedded servers with the directories that the user's cache contains, and adds missing
 * directories to the cache.
 *
 * <p>{@code initdb} runs once for each build of the extensions. The resulting data directory,
 * including the template database, is stored in the user's cache and copied for each server.
 * Servers start quickly because they use this copy, and because their data directories are in
 * memory if possible.
 */
final class ServerSetup {
  /**
   * The format of templates, which is part of their names. Increase this number if templates are
   * prepared differently.
   */
  private static final int TEMPLATE_FORMAT = 9;

  /**
   * The number of cached templates to keep. Each build and set of extensions has its own template
   * of about 40 MB.
   */
  private static final int KEPT_TEMPLATES = 8;

  private static final String TEMPLATES = "template-";

  private ServerSetup() {}

  /**
   * Starts a server with a preparer's template, if the cache contains the template. Otherwise, the
   * caller prepares the template, and then calls {@link EmbeddedServer#releaseTemplate} or {@link
   * EmbeddedServer#storeTemplate}, for which other JVMs wait.
   *
   * @param port the port to listen on; 0 for a free port
   * @param settings the settings for {@code postgresql.conf}
   * @param names the names of the role, the databases and the template's extensions
   * @param extensions the extensions to add to the server
   * @param place the location of the server's programs; see {@code ServerLocation.EMBEDDED}
   * @param request the template; null for a server without one
   */
  static EmbeddedServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place,
      @Nullable TemplateRequest request)
      throws IOException {
    PostgresDistribution found = Distributions.at(place);
    int major = found.major();
    var used = new ArrayList<ServerExtension>();
    for (ServerExtension extension : extensions) {
      used.add(forServer(extension, found));
    }
    var content = new ExtensionBundle(used, found);
    PostgresDistribution stock =
        found instanceof InstalledDistribution installed ? installed.with(content.paths()) : found;
    String key = content.key(stock.identity());
    InstallationCache cache = InstallationCache.open();
    PostgresCommands programs = stock.programs(directory(cache, stock, content, key));
    Map<String, String> creation = content.creationSettings(settings);
    Path template =
        cache.directory(
            TEMPLATES + TEMPLATE_FORMAT + "-" + major + "-" + names.templateKey(key, creation),
            folder -> {
              content.requireUsable(programs, stock.systemVersion());
              cache.removeUnused(TEMPLATES, KEPT_TEMPLATES);
              try {
                TemplateDirectory.create(programs, major, names, creation, folder);
              } catch (IOException | IllegalStateException e) {
                String differing = content.differingLibraries();
                if (differing.isEmpty()) {
                  throw e;
                }
                throw new IllegalStateException(e.getMessage() + differing, e);
              }
            });
    var all = new ServerSettings(programs, content.settings(settings));
    var server = new EmbeddedServer(programs, major, all, port, DataDirectory.create());
    try {
      if (request != null) {
        String base = template.getFileName().toString();
        server.restore(new CachedTemplate(cache, base, all.values(), request));
      }
      if (!server.isRestored()) {
        server.createData(data -> DataDirectory.copy(template, data));
      }
      server.start();
      server.changePasswords(List.of(EmbeddedServer.SUPERUSER, names.prefix()));
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /**
   * Returns an extension with files that a server can use. If its jar was built for other servers,
   * but the extension is installed on this server, the installed files are used.
   *
   * @throws IllegalStateException if there are no such files; the message lists the alternatives
   */
  static ServerExtension forServer(ServerExtension extension, PostgresDistribution server)
      throws IOException {
    String platform = server.platform().name();
    if (extension.source().isBuiltFor(platform, server.major())) {
      return extension;
    }
    if (server instanceof InstalledDistribution installed
        && installed.hasExtension(extension.name())) {
      return extension.withServerFiles();
    }
    try {
      extension.source().files(platform, server.major());
      return extension;
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          e.getMessage()
              + " Set "
              + ServerLocation.PROPERTY
              + " to local for a server with the extension installed or, for annotated tests, to a"
              + " JDBC URL, or to container if the container engine runs images of one of these"
              + " platforms.",
          e);
    }
  }

  /**
   * Returns the directory of a server with its extensions. It contains links to the files of an
   * unpacked server, and the extensions' files.
   */
  private static Path directory(
      InstallationCache cache, PostgresDistribution stock, ExtensionBundle content, String key)
      throws IOException {
    String name = "postgresql-" + stock.major() + "-" + key;
    Path place = cache.path(name);
    if (!cache.has(name)) {
      Path unpacked = unpacked(cache, stock);
      cache.directory(name, folder -> content.write(unpacked, folder, place));
    }
    return place;
  }

  /** Returns the directory of an unpacked server without extensions. */
  static Path unpacked(InstallationCache cache, PostgresDistribution stock) throws IOException {
    return cache.directory(
        "postgresql-" + stock.major() + "-stock-" + stock.identity().replace(' ', '-'),
        stock::unpack);
  }
}
