// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;

/** The extensions, directories and settings that an annotation specifies. */
public record NamedExtensions(
    List<String> extensions, List<String> install, List<String> settings) {
  /** The name of the ordinary role, and the prefix of its databases' names. */
  public static final String PREFIX = "app";

  /** The {@code application_name} of the superuser's sessions. */
  public static final String APPLICATION = "pg-extension-testkit";

  /** Creates an instance from the arrays of an annotation. */
  public NamedExtensions(String[] extensions, String[] install, String[] settings) {
    this(List.of(extensions), List.of(install), List.of(settings));
  }

  /**
   * Returns the extensions and settings that the server must have.
   *
   * @throws IllegalArgumentException if a directory has none of the extensions, or a setting has no
   *     value
   * @throws IllegalStateException if a descriptor on the class path is invalid
   */
  public TestServerHandle.Needs needs() {
    var values = new LinkedHashMap<String, String>();
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "settings of an annotation have the form name=value, but one is \"" + setting + "\"");
      }
      values.put(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }
    return new TestServerHandle.Needs(PREFIX, APPLICATION, found(), values);
  }

  private List<ServerExtension> found() {
    var all = new ArrayList<ServerExtension>();
    var installed = new HashMap<String, ServerExtension>();
    for (String each : install) {
      Path folder = Path.of(each);
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
              "the annotation names " + folder + ", but not its extension \"" + only.name() + "\"");
        }
        all.add(only);
      }
    }
    for (String name : extensions) {
      ServerExtension found = installed.get(name);
      all.add(found == null ? ServerExtension.named(name) : found);
    }
    return all;
  }
}
