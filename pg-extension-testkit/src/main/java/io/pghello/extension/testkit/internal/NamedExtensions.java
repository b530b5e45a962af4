// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;

/** The extensions of a server as an annotation names them, with folders and settings. */
public record NamedExtensions(
    List<String> extensions, List<String> install, List<String> settings) {
  /** Takes them as annotations have them. */
  public NamedExtensions(String[] extensions, String[] install, String[] settings) {
    this(List.of(extensions), List.of(install), List.of(settings));
  }

  /** Starts a server that has them; see {@link ExtensionServer.Builder#start()}. */
  public ExtensionServer start() {
    ExtensionServer.Builder builder = ExtensionServer.builder();
    addExtensions(builder);
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "settings of an annotation are written name=value, but one is \"" + setting + "\"");
      }
      builder.setting(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }
    return builder.start();
  }

  private void addExtensions(ExtensionServer.Builder builder) {
    var installed = new HashMap<String, Path>();
    for (String each : install) {
      Path folder = Path.of(each);
      List<String> there =
          extensions.stream().filter(name -> InstalledExtension.isIn(folder, name)).toList();
      there.forEach(name -> installed.put(name, folder));
      if (there.isEmpty()) {
        // says what is there if it is not one
        NativeExtension only = NativeExtension.fromInstall(folder);
        if (!extensions.isEmpty()) {
          throw new IllegalArgumentException(
              "the annotation names " + folder + ", but not its extension \"" + only + "\"");
        }
        builder.extension(only);
      }
    }
    for (String name : extensions) {
      Path folder = installed.get(name);
      if (folder == null) {
        builder.extension(name);
      } else {
        builder.extension(NativeExtension.fromInstall(folder, name));
      }
    }
  }
}
