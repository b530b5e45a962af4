package ${package};

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProvider;

/** The extension, as this program needs it; settings that name it find it here. */
public class ${className}Extension implements ExtensionProvider {
  static final ExtensionDescription DESCRIPTION =
      ExtensionDescription.named("${extensionName}")
          .oldestVersion("1.1")
          .howToInstall("Run the jar on that machine: sudo java -jar ${artifactId}-extension-*.jar install")
          // the last argument is the version that a function came with
          .function(
              "${extensionName}_distance(double precision, double precision)",
              "double precision",
              "1.0")
          .function(
              "${extensionName}_distance_all(double precision[], double precision[])",
              "double precision[]",
              "1.1")
          .build();

  @Override
  public ExtensionDescription extension() {
    return DESCRIPTION;
  }
}
