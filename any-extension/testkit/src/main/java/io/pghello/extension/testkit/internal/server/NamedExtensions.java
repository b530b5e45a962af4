// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import io.pghello.extension.testkit.internal.files.InstalledExtension;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The extensions, directories and settings that an annotation specifies. Two instances are equal if
 * they need the same server: the order does not matter, duplicates are ignored, and settings are
 * compared by their {@linkplain SettingValue#canonical canonical values}.
 */
public final class NamedExtensions {
  private final Set<String> extensions;
  private final Set<Path> install;
  private final Map<String, String> settings;
  private final Map<String, String> canonicalSettings;
  private final boolean create;
  private final String schema;

  /**
   * Creates an instance from the arrays of an annotation.
   *
   * @param create whether the extensions are created in the databases
   * @param schema the schema to create the extensions in; empty for the default schema
   * @throws IllegalArgumentException if a setting has no value, or if the annotation sets a schema
   *     for extensions that are not created
   */
  public NamedExtensions(
      String[] extensions, String[] install, String[] settings, boolean create, String schema) {
    if (!create && !schema.isEmpty()) {
      throw new IllegalArgumentException(
          "schema = \""
              + schema
              + "\" has no effect with create = false: remove one of the two from the annotation");
    }
    this.create = create;
    this.schema = schema;
    this.extensions = new LinkedHashSet<>(List.of(extensions));
    this.install = new LinkedHashSet<>();
    for (String folder : install) {
      this.install.add(Path.of(folder).normalize());
    }
    this.settings = parsed(settings);
    this.canonicalSettings = new HashMap<>(this.settings);
    canonicalSettings.replaceAll(SettingValue::canonical);
  }

  private static Map<String, String> parsed(String[] settings) {
    var values = new LinkedHashMap<String, String>();
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "settings of an annotation have the form name=value, but one is \"" + setting + "\"");
      }
      values.put(
          setting.substring(0, equals).strip().toLowerCase(Locale.ROOT),
          SettingValue.unquoted(setting.substring(equals + 1).strip()));
    }
    return values;
  }

  /**
   * Returns the extensions and settings that the server must have.
   *
   * @throws IllegalArgumentException if a directory has none of the extensions
   * @throws IllegalStateException if a descriptor on the class path is invalid
   */
  public ServerRequirements needs() {
    List<ServerExtension> found = found();
    return new ServerRequirements(
        create ? found : found.stream().map(ServerExtension::withoutCreate).toList(),
        settings,
        schema.isEmpty() ? null : schema);
  }

  private List<ServerExtension> found() {
    var all = new ArrayList<ServerExtension>();
    var installed = new HashMap<String, ServerExtension>();
    for (Path folder : install) {
      List<String> there =
          extensions.stream().filter(name -> InstalledExtension.isIn(folder, name)).toList();
      for (String name : there) {
        installed.put(name, ServerExtension.of(InstalledExtension.in(folder, name)));
      }
      if (there.isEmpty()) {
        // throws an exception that lists the extensions unless the directory contains exactly one
        ServerExtension only = ServerExtension.of(InstalledExtension.in(folder, null));
        if (!extensions.isEmpty()) {
          throw new IllegalArgumentException(
              "the annotation names "
                  + folder
                  + ", but not its extension \""
                  + only.name()
                  + "\": add it to extensions, or remove the directory from install");
        }
        all.add(only);
      }
    }
    for (String name : extensions) {
      ServerExtension found = installed.get(name);
      all.add(found == null ? ClassPathExtension.named(name) : found);
    }
    return all;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NamedExtensions named
        && extensions.equals(named.extensions)
        && install.equals(named.install)
        && canonicalSettings.equals(named.canonicalSettings)
        && create == named.create
        && schema.equals(named.schema);
  }

  @Override
  public int hashCode() {
    return Objects.hash(extensions, install, canonicalSettings, create, schema);
  }
}
