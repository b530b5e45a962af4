// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.InstalledExtension;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/** The JUnit extension behind {@link ExtensionTest}. */
final class ExtensionTestSupport
    extends DatabaseExtension<ExtensionTest, ExtensionServer, TestDatabase, WireProxy> {
  ExtensionTestSupport() {
    super(ExtensionTest.class, ExtensionServer.class, TestDatabase.class, WireProxy.class);
  }

  @Override
  protected Object key(ExtensionTest settings) {
    return List.of(
        List.of(settings.extensions()), List.of(settings.install()), List.of(settings.settings()));
  }

  @Override
  protected ExtensionServer open(ExtensionTest settings) {
    ExtensionServer.Builder builder = ExtensionServer.builder();
    for (NativeExtension extension : extensions(settings)) {
      builder.extension(extension);
    }
    for (String setting : settings.settings()) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "settings of @ExtensionTest are written name=value, but one is \"" + setting + "\"");
      }
      builder.setting(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }
    return builder.start();
  }

  private static List<NativeExtension> extensions(ExtensionTest settings) {
    var extensions = new ArrayList<NativeExtension>();
    List<String> names = List.of(settings.extensions());
    var installed = new HashMap<String, Path>();
    for (String install : settings.install()) {
      Path folder = Path.of(install);
      List<String> there =
          names.stream().filter(name -> InstalledExtension.isIn(folder, name)).toList();
      there.forEach(name -> installed.put(name, folder));
      if (there.isEmpty()) {
        // says what is there if it is not one
        NativeExtension only = NativeExtension.fromInstall(folder);
        if (!names.isEmpty()) {
          throw new IllegalArgumentException(
              "@ExtensionTest names " + folder + ", but not its extension \"" + only + "\"");
        }
        extensions.add(only);
      }
    }
    for (String name : names) {
      Path folder = installed.get(name);
      extensions.add(
          folder == null ? NativeExtension.named(name) : NativeExtension.fromInstall(folder, name));
    }
    return extensions;
  }

  @Override
  protected Object embedded(ExtensionServer server) {
    return server;
  }

  @Override
  protected boolean isShared(ExtensionTest settings) {
    return settings.database() == ExtensionTest.Scope.CLASS;
  }

  @Override
  protected TestDatabase createDatabase(ExtensionServer server, ExtensionTest settings) {
    return server.createDatabase();
  }

  @Override
  protected WireProxy createProxy(String host, int port) {
    return WireProxy.to(host, port);
  }
}
