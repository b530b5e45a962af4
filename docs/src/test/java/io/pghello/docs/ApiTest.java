// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree.Kind;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * The file api.txt of each published artifact lists its public and protected signatures, so that a
 * change of the API is visible in a diff. {@code -Dpg-hello.generate=true} writes these files.
 */
class ApiTest {
  private static final Pattern PUBLISHED = Pattern.compile("(?s)PUBLISHED=\\((.*?)\\)");
  private static final Pattern ARTIFACT =
      Pattern.compile("(?s)</parent>.*?<artifactId>(.*?)</artifactId>");

  /** Annotations that are part of a signature. */
  private static final Set<String> SHOWN = Set.of("Nullable", "Deprecated");

  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

  @Test
  void signaturesOfEachArtifactAreListed() throws IOException {
    List<String> published = List.of(words(Files.readString(Tree.ROOT.resolve("scripts/lib.sh"))));
    int artifacts = 0;
    for (Path pom : Tree.files("(?:.*/)?pom\\.xml")) {
      Matcher artifact = ARTIFACT.matcher(Files.readString(pom));
      if (!artifact.find() || !published.contains(artifact.group(1))) {
        continue;
      }
      Path module = pom.resolveSibling("");
      String api = api(module);
      if (api.isEmpty()) {
        continue;
      }
      artifacts++;
      Path list = module.resolve("api.txt");
      if (Boolean.getBoolean("pg-hello.generate")) {
        Files.writeString(list, api);
      } else {
        assertThat(list).exists();
        assertThat(Files.readString(list))
            .as("./dev generate writes the signatures of %s", artifact.group(1))
            .isEqualTo(api);
      }
    }
    assertThat(artifacts).isGreaterThan(10);
  }

  private static String[] words(String script) {
    Matcher published = PUBLISHED.matcher(script);
    assertThat(published.find()).isTrue();
    return published.group(1).trim().split("\\s+");
  }

  private static String api(Path module) throws IOException {
    String prefix = Tree.ROOT.relativize(module).toString().replace('\\', '/');
    List<Path> sources =
        Tree.files(Pattern.quote(prefix) + "/src/main/java/.*\\.java").stream()
            .filter(file -> !file.toString().matches(".*[/\\\\]internal[/\\\\].*"))
            .filter(file -> !file.toString().endsWith("-info.java"))
            .toList();
    if (sources.isEmpty()) {
      return "";
    }
    var types = new TreeMap<String, List<String>>();
    try (StandardJavaFileManager files = COMPILER.getStandardFileManager(null, null, null)) {
      var task =
          (JavacTask)
              COMPILER.getTask(
                  null,
                  files,
                  null,
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(sources));
      for (CompilationUnitTree unit : task.parse()) {
        for (com.sun.source.tree.Tree type : unit.getTypeDecls()) {
          add(types, unit.getPackageName() + ".", (ClassTree) type, false);
        }
      }
    }
    return types.entrySet().stream()
        .map(
            type ->
                type.getKey()
                    + "\n"
                    + type.getValue().stream()
                        .map(member -> "  " + member + "\n")
                        .collect(joining()))
        .collect(joining());
  }

  /** Adds a type and its nested types, if they are visible. */
  private static void add(
      Map<String, List<String>> types, String prefix, ClassTree type, boolean inInterface) {
    if (!isVisible(type.getModifiers(), inInterface)) {
      return;
    }
    boolean isInterface =
        type.getKind() == Kind.INTERFACE || type.getKind() == Kind.ANNOTATION_TYPE;
    var members = new ArrayList<String>();
    boolean hasConstructor = false;
    String name = prefix + type.getSimpleName();
    for (com.sun.source.tree.Tree member : type.getMembers()) {
      if (member instanceof ClassTree nested) {
        add(types, name + ".", nested, isInterface);
      } else if (member instanceof MethodTree method) {
        boolean isConstructor = method.getName().contentEquals("<init>");
        hasConstructor |= isConstructor;
        boolean isCompact = isConstructor && isCanonical(method, type);
        if (!isCompact && isVisible(method.getModifiers(), isInterface)) {
          members.add(signature(method, type));
        }
      } else if (member instanceof VariableTree field
          && isVisible(field.getModifiers(), isInterface)) {
        members.add(line(modifiers(field.getModifiers()), field.getType(), field.getName()));
      }
    }
    if (type.getKind() == Kind.CLASS && !hasConstructor) {
      members.add("public " + type.getSimpleName() + "()");
    }
    members.sort(null);
    types.put(header(name, type), members);
  }

  /** Returns whether a constructor is the canonical one of a record, which the header shows. */
  private static boolean isCanonical(MethodTree constructor, ClassTree type) {
    return type.getKind() == Kind.RECORD
        && types(constructor.getParameters()).equals(types(components(type)));
  }

  private static List<String> types(List<? extends VariableTree> variables) {
    return variables.stream().map(variable -> variable.getType().toString()).toList();
  }

  private static List<VariableTree> components(ClassTree type) {
    return type.getMembers().stream()
        .filter(VariableTree.class::isInstance)
        .map(VariableTree.class::cast)
        .filter(field -> !field.getModifiers().getFlags().contains(Modifier.STATIC))
        .toList();
  }

  private static String header(String name, ClassTree type) {
    String components =
        type.getKind() != Kind.RECORD
            ? ""
            : components(type).stream().map(ApiTest::parameter).collect(joining(", ", "(", ")"));
    return name
        + parameters(type.getTypeParameters())
        + components
        + ": "
        + line(
            modifiers(type.getModifiers()),
            type.getKind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
            type.getExtendsClause() == null ? "" : "extends " + type.getExtendsClause(),
            type.getImplementsClause().isEmpty()
                ? ""
                : (type.getKind() == Kind.INTERFACE ? "extends " : "implements ")
                    + list(type.getImplementsClause()));
  }

  private static String signature(MethodTree method, ClassTree type) {
    boolean isConstructor = method.getReturnType() == null;
    return line(
        modifiers(method.getModifiers()),
        parameters(method.getTypeParameters()),
        isConstructor ? "" : method.getReturnType(),
        (isConstructor ? type.getSimpleName() : method.getName())
            + method.getParameters().stream()
                .map(ApiTest::parameter)
                .collect(joining(", ", "(", ")")),
        method.getThrows().isEmpty() ? "" : "throws " + list(method.getThrows()),
        method.getDefaultValue() == null ? "" : "default " + method.getDefaultValue());
  }

  private static String parameter(VariableTree parameter) {
    String annotations = annotations(parameter.getModifiers());
    return line(annotations, parameter.getType(), parameter.getName());
  }

  private static String parameters(List<?> typeParameters) {
    return typeParameters.isEmpty() ? "" : "<" + list(typeParameters) + ">";
  }

  private static String list(List<?> trees) {
    return trees.stream().map(Object::toString).collect(joining(", "));
  }

  private static String modifiers(ModifiersTree modifiers) {
    String flags =
        modifiers.getFlags().stream()
            .filter(flag -> flag != Modifier.SYNCHRONIZED)
            .map(Modifier::toString)
            .collect(joining(" "));
    return line(annotations(modifiers), flags);
  }

  private static String annotations(ModifiersTree modifiers) {
    return modifiers.getAnnotations().stream()
        .map(AnnotationTree::getAnnotationType)
        .map(Object::toString)
        .filter(SHOWN::contains)
        .map(name -> "@" + name)
        .collect(joining(" "));
  }

  private static boolean isVisible(ModifiersTree modifiers, boolean inInterface) {
    Set<Modifier> flags = modifiers.getFlags();
    return inInterface
        ? !flags.contains(Modifier.PRIVATE)
        : flags.contains(Modifier.PUBLIC) || flags.contains(Modifier.PROTECTED);
  }

  private static String line(Object... words) {
    return Stream.of(words)
        .map(Object::toString)
        .filter(word -> !word.isEmpty())
        .collect(joining(" "))
        .replaceAll("@(?!Nullable|Deprecated)\\w+\\([^)]*\\)\\s*", "")
        .replace("@Nullable()", "@Nullable");
  }
}
