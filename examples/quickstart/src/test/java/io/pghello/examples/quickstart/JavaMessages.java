// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static java.util.stream.Collectors.joining;

import com.sun.source.tree.AnnotatedTypeTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParameterizedTypeTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.PrimitiveTypeTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.SwitchExpressionTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.TypeCastTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.tree.YieldTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Finds the error messages and warnings in Java sources.
 *
 * <p>A message is a text that is passed to
 *
 * <ul>
 *   <li>the constructor of an exception (a class named {@code …Exception} or {@code …Error}),
 *   <li>a parameter named {@code message}, {@code detail} or {@code problem}; or {@code text} or an
 *       enum's {@code remedy}, if the text is shown with its remedy,
 *   <li>a logger, with the level warning or error,
 *   <li>standard error, except in a method named {@code progress},
 *   <li>a list of texts, if the text is a sentence,
 *   <li>{@code requireNonNull}, Hibernate's {@code convert}, Spring's {@code FailureAnalysis}, and
 *       {@code message} of an annotation.
 * </ul>
 *
 * <p>A text may contain parameters of the method that builds it. In that case, the texts that
 * callers pass are inserted. For example, {@code require(x > 0, "poolSize")} reports the message
 * that {@code require} builds from "poolSize". Constants, fields, variables, conditions, formats
 * and methods that return a text are also evaluated. Other parts are replaced by an ellipsis.
 */
final class JavaMessages {
  /** A message with the fix that is passed next to it. An ellipsis stands for a value. */
  record Found(Path file, String text, @Nullable String fix) {}

  /**
   * A text with marks for the parameters of its method.
   *
   * @param calls the number of calls through which it was passed
   */
  private record Draft(String text, @Nullable String fix, int calls) {}

  private record Unit(CompilationUnitTree tree, Path file, Map<String, String> imports) {}

  private record Type(
      Unit unit, String name, ClassTree tree, @Nullable Type outer, List<String> parents) {}

  private record Method(Type type, MethodTree tree) {}

  private record Call(Unit unit, TreePath path, ExpressionTree tree, Place place) {}

  /** The class, and the method if there is one, that contain an expression. */
  private record Place(Type type, @Nullable Method method) {}

  /**
   * Maximum number of alternative texts of an expression, and of an expression that is part of
   * another one.
   */
  private static final int ALTERNATIVES = 40;

  private static final int PARTS = 16;
  private static final int CALLS = 8;
  private static final String VALUE = "…";

  /**
   * The first of the characters that stand for the parameters of a method. The difference from this
   * character is the parameter's index.
   */
  private static final char PARAMETER = '\uE000';

  private static final Pattern FORMAT =
      Pattern.compile("%(?:(\\d+)\\$)?[-#+ 0,(]*\\d*(?:\\.\\d+)?([a-zA-Z%])");
  private static final Pattern WORD = Pattern.compile("[A-Za-z]{2,}");

  /** Names of parameters for messages. */
  private static final Set<String> NAMES = Set.of("message", "detail", "problem");

  private static final Pattern FAILURE = Pattern.compile(".*(?:Exception|Error)");

  private final Map<String, List<Type>> types = new HashMap<>();
  private final Map<ClassTree, Type> byTree = new HashMap<>();
  private final Map<MethodTree, Method> methods = new HashMap<>();
  private final Map<String, List<Call>> calls = new HashMap<>();
  private final Map<Method, Set<Draft>> drafts = new HashMap<>();
  private final Set<Method> called = new HashSet<>();
  private final Set<Found> found = new LinkedHashSet<>();
  private final Deque<Runnable> work = new ArrayDeque<>();
  private final Set<MethodTree> evaluating = new HashSet<>();
  private final Set<Tree> open = new HashSet<>();

  private final Set<Tree> read = new HashSet<>();

  /** Finds the messages in source files. */
  JavaMessages(List<Path> files) throws IOException {
    read(files);
    find();
  }

  Collection<Found> found() {
    return found;
  }

  /** Returns the texts passed to constructors of exceptions that are not part of any message. */
  List<String> unread() {
    var unread = new ArrayList<String>();
    calls.forEach(
        (name, all) -> {
          if (FAILURE.matcher(name).matches()) {
            for (Call call : all) {
              arguments(call.tree())
                  .forEach(
                      argument ->
                          scan(
                              argument,
                              tree -> {
                                if (tree instanceof LiteralTree literal
                                    && literal.getValue() instanceof String text
                                    && isForm(text)
                                    && !read.contains(tree)) {
                                  unread.add(call.unit().file() + ": " + text);
                                }
                              }));
            }
          }
        });
    return unread;
  }

  private void read(List<Path> files) throws IOException {
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var manager = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      var task =
          (JavacTask)
              compiler.getTask(
                  null,
                  manager,
                  diagnostic -> {},
                  List.of("-proc:none"),
                  null,
                  manager.getJavaFileObjectsFromPaths(files));
      var units = new ArrayList<Unit>();
      for (CompilationUnitTree tree : task.parse()) {
        Map<String, String> imports = new HashMap<>();
        for (ImportTree each : tree.getImports()) {
          String[] names = each.getQualifiedIdentifier().toString().split("\\.", -1);
          if (each.isStatic() && names.length > 1) {
            imports.put(names[names.length - 1], names[names.length - 2]);
          }
        }
        units.add(new Unit(tree, Path.of(tree.getSourceFile().toUri()), imports));
      }
      units.forEach(this::index);
      units.forEach(this::collect);
    }
  }

  private void index(Unit unit) {
    new TreePathScanner<Void, @Nullable Type>() {
      @Override
      public Void visitClass(ClassTree tree, @Nullable Type outer) {
        var parents = new ArrayList<String>();
        if (tree.getExtendsClause() != null) {
          parents.add(simple(tree.getExtendsClause()));
        }
        tree.getImplementsClause().forEach(each -> parents.add(simple(each)));
        var type = new Type(unit, tree.getSimpleName().toString(), tree, outer, parents);
        types.computeIfAbsent(type.name(), name -> new ArrayList<>()).add(type);
        byTree.put(tree, type);
        return super.visitClass(tree, type);
      }

      @Override
      public Void visitMethod(MethodTree tree, @Nullable Type type) {
        methods.put(tree, new Method(Objects.requireNonNull(type), tree));
        return super.visitMethod(tree, type);
      }
    }.scan(unit.tree(), null);
  }

  private void collect(Unit unit) {
    new TreePathScanner<Void, @Nullable Place>() {
      @Override
      public Void visitClass(ClassTree tree, @Nullable Place place) {
        var type = Objects.requireNonNull(byTree.get(tree));
        return super.visitClass(tree, new Place(type, null));
      }

      @Override
      public Void visitMethod(MethodTree tree, @Nullable Place outer) {
        Place place = Objects.requireNonNull(outer);
        if (tree.getDefaultValue() != null && tree.getName().contentEquals("message")) {
          place(place, texts((ExpressionTree) tree.getDefaultValue(), place).get(0));
        }
        return super.visitMethod(tree, new Place(place.type(), methods.get(tree)));
      }

      @Override
      public Void visitMethodInvocation(MethodInvocationTree tree, @Nullable Place place) {
        add(nameOf(tree), tree, place);
        return super.visitMethodInvocation(tree, place);
      }

      @Override
      public Void visitNewClass(NewClassTree tree, @Nullable Place place) {
        add("new " + simple(tree.getIdentifier()), tree, place);
        return super.visitNewClass(tree, place);
      }

      private void add(String name, ExpressionTree tree, @Nullable Place place) {
        if (place != null) {
          calls
              .computeIfAbsent(name, key -> new ArrayList<>())
              .add(new Call(unit, getCurrentPath(), tree, place));
        }
      }
    }.scan(unit.tree(), null);
  }

  private void find() {
    calls.values().forEach(all -> all.forEach(this::report));
    while (!work.isEmpty()) {
      work.pop().run();
    }
    drafts.forEach(
        (method, all) -> {
          if (!called.contains(method)) {
            all.forEach(draft -> keep(method.type().unit(), draft));
          }
        });
  }

  /** Adds the messages that a call reports, regardless of the called method's implementation. */
  private void report(Call call) {
    if (arguments(call.tree()).stream()
        .anyMatch(
            each -> each instanceof MemberSelectTree && each.toString().equals("Status.OK"))) {
      return;
    }
    if (call.tree() instanceof NewClassTree created) {
      reportNew(call, simple(created.getIdentifier()));
    } else {
      reportCalled(call, nameOf((MethodInvocationTree) call.tree()));
    }
    declared(call).forEach(method -> reportParameters(call, parameters(method)));
  }

  private void reportNew(Call call, String type) {
    List<? extends ExpressionTree> arguments = arguments(call.tree());
    if (!declared(call).isEmpty()) {
      return;
    }
    if (FAILURE.matcher(type).matches()) {
      arguments.forEach(each -> place(call, texts(each, call), null));
    } else if (type.equals("FailureAnalysis")) {
      place(call, texts(arguments.get(0), call), arguments.get(1));
    } else {
      types.getOrDefault(type, List.of()).stream()
          // responses of the service that are not errors
          .filter(each -> !each.name().endsWith("Answer"))
          .filter(each -> each.tree().getKind() == Tree.Kind.RECORD)
          .map(JavaMessages::components)
          .filter(components -> components.size() == arguments.size())
          .forEach(components -> reportParameters(call, components));
    }
  }

  private void reportCalled(Call call, String name) {
    List<? extends ExpressionTree> arguments = arguments(call.tree());
    if (name.equals("super") && isFailure(call.place().type())) {
      arguments.forEach(each -> place(call, texts(each, call), null));
    } else if (isLogged(name, call)) {
      for (ExpressionTree each : arguments) {
        place(call, texts(each, call).stream().map(t -> t.replace("{}", VALUE)).toList(), null);
      }
    } else if ((name.equals("requireNonNull") && arguments.size() == 2)
        || (name.equals("add") && arguments.size() == 1)) {
      List<String> texts = texts(arguments.get(arguments.size() - 1), call);
      place(call, texts.stream().filter(JavaMessages::isSentence).toList(), null);
    } else if (name.equals("convert") && arguments.size() == 3) {
      place(call, texts(arguments.get(1), call), null);
    } else if (isPrintedAsError(name, call.tree())) {
      reportFormatted(call, arguments);
    }
  }

  private void reportParameters(Call call, List<? extends VariableTree> parameters) {
    List<? extends ExpressionTree> arguments = arguments(call.tree());
    List<String> names =
        parameters.stream()
            .map(parameter -> isText(parameter) ? parameter.getName().toString() : "")
            .limit(arguments.size())
            .toList();
    int remedy = names.indexOf("remedy");
    boolean hasMessage = false;
    for (int i = 0; i < names.size(); i++) {
      if (NAMES.contains(names.get(i)) || (remedy >= 0 && names.get(i).equals("text"))) {
        hasMessage = true;
        place(call, texts(arguments.get(i), call), remedy < 0 ? null : arguments.get(remedy));
      }
    }
    if (remedy >= 0 && !hasMessage && call.tree() instanceof NewClassTree) {
      place(call, texts(arguments.get(remedy), call), (ExpressionTree) null);
    }
  }

  /** Adds the messages of format strings, with the arguments inserted. */
  private void reportFormatted(Call call, List<? extends ExpressionTree> arguments) {
    if (!arguments.isEmpty()) {
      int first = arguments.get(0).toString().startsWith("Locale.") ? 1 : 0;
      List<String> formats = texts(arguments.get(first), call);
      place(
          call,
          nameOf((MethodInvocationTree) call.tree()).equals("printf")
              ? format(formats, arguments.subList(first + 1, arguments.size()), call)
              : formats,
          null);
    }
  }

  private static boolean isPrintedAsError(String name, ExpressionTree tree) {
    return name.matches("print(?:ln|f)?")
        && ((MethodInvocationTree) tree).getMethodSelect() instanceof MemberSelectTree select
        && select
            .getExpression()
            .toString()
            .matches("(?s).*(?:System\\.err|\\.getErr\\(\\)|\\berr)");
  }

  private static boolean isLogged(String name, Call call) {
    if (!(name.matches("warn|error|log")
        && call.tree() instanceof MethodInvocationTree method
        && method.getMethodSelect() instanceof MemberSelectTree select)) {
      return false;
    }
    String logger = select.getExpression().toString();
    return logger.matches(
            "(?:.*getLogger\\(.*\\)|LOG|LOGGER|log|logger|getLog\\(\\)|.*\\.getLog\\(\\))")
        && (name.equals("warn")
            || name.equals("error")
            || (name.equals("log")
                && method
                    .getArguments()
                    .get(0)
                    .toString()
                    .matches("(?s).*\\b(?:WARNING|ERROR)\\b.*")));
  }

  /** Returns the remedy that is added to the result of a call: {@code builder(x).remedy("…")}. */
  private static @Nullable ExpressionTree chainedRemedy(TreePath call) {
    for (TreePath path = call;
        path.getParentPath().getLeaf() instanceof MemberSelectTree select
            && path.getParentPath().getParentPath().getLeaf() instanceof MethodInvocationTree next;
        path = path.getParentPath().getParentPath()) {
      if (select.getIdentifier().contentEquals("remedy") && next.getArguments().size() == 1) {
        return next.getArguments().get(0);
      }
    }
    return null;
  }

  private void place(Call call, List<String> texts, @Nullable ExpressionTree remedy) {
    ExpressionTree given = remedy == null ? chainedRemedy(call.path()) : remedy;
    String fix = given == null ? null : fix(texts(given, call));
    for (String text : texts) {
      place(call.place(), new Draft(text, fix, 0));
    }
  }

  /** Joins alternative fixes; null if there is none. */
  private static @Nullable String fix(List<String> alternatives) {
    List<String> fixes =
        alternatives.stream().filter(text -> !text.isBlank() && !text.equals(VALUE)).toList();
    return fixes.isEmpty() ? null : String.join(" Or: ", general(fixes));
  }

  /** Removes texts that differ from a more general one only in the values. */
  private static List<String> general(List<String> texts) {
    return texts.stream()
        .filter(
            text ->
                texts.stream()
                    .noneMatch(other -> !other.equals(text) && isForm(other) && fits(text, other)))
        .toList();
  }

  /** Returns whether a text in a list is a message. */
  private static boolean isSentence(String text) {
    return WORD.matcher(text).results().limit(4).count() == 4
        && !text.matches("(?s).*\\b[A-Z]{4,} (?:[A-Z]{3,}|…).*");
  }

  /** Returns whether a text has enough words to identify a message. */
  static boolean isForm(String text) {
    return WORD.matcher(text).results().limit(3).count() == 3;
  }

  /** Returns whether a text differs from a form only in the values, i.e. the form's ellipses. */
  static boolean fits(String text, String form) {
    return text.matches(
        Stream.of(form.split(VALUE, -1)).map(Pattern::quote).collect(joining("(?s:.*)")));
  }

  private void place(Place place, String text) {
    place(place, new Draft(text, null, 0));
  }

  private void place(Place place, Draft draft) {
    boolean open = isOpen(draft.text()) || (draft.fix() != null && isOpen(draft.fix()));
    Method method = place.method();
    if (method != null && method.tree().getName().contentEquals("progress")) {
      return;
    }
    if (open && method != null) {
      if (drafts.computeIfAbsent(method, key -> new LinkedHashSet<>()).add(draft)) {
        work.push(() -> pass(method, draft));
      }
    } else {
      keep(place.type().unit(), draft);
    }
  }

  private static boolean isOpen(String text) {
    return text.chars().anyMatch(c -> c >= PARAMETER && c < PARAMETER + 20);
  }

  /** Inserts the arguments of all calls of a method into one of its messages. */
  private void pass(Method method, Draft draft) {
    String name = method.tree().getName().toString();
    boolean isConstructor = name.equals("<init>");
    var candidates = new ArrayList<Call>();
    if (isConstructor) {
      candidates.addAll(calls.getOrDefault("new " + method.type().name(), List.of()));
      candidates.addAll(calls.getOrDefault("this", List.of()));
      candidates.addAll(calls.getOrDefault("super", List.of()));
    } else {
      candidates.addAll(calls.getOrDefault(name, List.of()));
    }
    for (Call call : candidates) {
      boolean recursive = method.equals(call.place().method());
      if (!recursive && draft.calls() < CALLS && declared(call).contains(method)) {
        called.add(method);
        List<? extends ExpressionTree> arguments = arguments(call.tree());
        ExpressionTree chained = chainedRemedy(call.path());
        for (String text : insert(draft.text(), method, arguments, call.place())) {
          List<String> fixes =
              draft.fix() != null
                  ? insert(draft.fix(), method, arguments, call.place())
                  : chained == null ? List.of() : texts(chained, call);
          place(call.place(), new Draft(text, fix(fixes), draft.calls() + 1));
        }
      }
    }
  }

  private List<String> insert(
      String text, Method method, List<? extends ExpressionTree> arguments, Place place) {
    List<String> result = List.of(text);
    List<? extends VariableTree> parameters = parameters(method);
    for (int i = 0; i < parameters.size(); i++) {
      String mark = String.valueOf((char) (PARAMETER + i));
      if (text.contains(mark)) {
        List<String> values =
            i < arguments.size() ? texts(arguments.get(i), place) : List.of(VALUE);
        result =
            limited(
                result.stream()
                    // raise the marks, because the method and its caller must use different ones
                    .flatMap(each -> values.stream().map(v -> each.replace(mark, raise(v))))
                    .toList());
      }
    }
    return result.stream().map(JavaMessages::lower).toList();
  }

  private static String raise(String text) {
    return shift(text, 20);
  }

  private static String lower(String text) {
    return shift(text, -20);
  }

  private static String shift(String text, int by) {
    var shifted = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean marks = c >= PARAMETER && c < PARAMETER + 40;
      shifted.append(marks ? (char) Math.max(PARAMETER, c + by) : c);
    }
    return shifted.toString();
  }

  private void keep(Unit unit, Draft draft) {
    String text = clean(draft.text());
    if (WORD.matcher(text).find()) {
      found.add(new Found(unit.file(), text, draft.fix() == null ? null : clean(draft.fix())));
    }
  }

  private static String clean(String text) {
    return joinValues(
            text.replaceAll("[\uE000-\uE028]", VALUE)
                .replaceAll("%(?:\\.\\d)?[sdf]", VALUE)
                .replace("%%", "%")
                .replaceAll("\\s+", " "))
        .strip();
  }

  /** Joins adjacent ellipses. */
  private static String joinValues(String text) {
    return text.replaceAll("…(?:[\\s./-]*…)+", VALUE);
  }

  // --- texts of expressions ---

  private List<String> texts(ExpressionTree tree, Call call) {
    return texts(tree, call.place());
  }

  private List<String> texts(ExpressionTree tree, Place place) {
    if (tree instanceof ParenthesizedTree inner) {
      return texts(inner.getExpression(), place);
    }
    if (tree instanceof TypeCastTree cast) {
      return texts(cast.getExpression(), place);
    }
    if (tree instanceof LiteralTree literal) {
      read.add(literal);
      Object value = literal.getValue();
      return List.of(value == null || value instanceof Boolean ? VALUE : value.toString());
    }
    if (tree instanceof BinaryTree sum && sum.getKind() == Tree.Kind.PLUS) {
      var operands = new ArrayList<List<String>>();
      for (ExpressionTree operand : operands(sum)) {
        operands.add(texts(operand, place));
      }
      return product(operands);
    }
    if (tree instanceof ConditionalExpressionTree choice) {
      var all = new ArrayList<>(texts(choice.getTrueExpression(), place));
      all.addAll(texts(choice.getFalseExpression(), place));
      return limited(all);
    }
    if (tree instanceof SwitchExpressionTree choice) {
      var all = new ArrayList<String>();
      for (CaseTree each : choice.getCases()) {
        if (each.getBody() instanceof ExpressionTree body) {
          all.addAll(texts(body, place));
        } else if (each.getBody() != null) {
          scan(
              each.getBody(),
              t -> {
                if (t instanceof YieldTree yield) {
                  all.addAll(texts(yield.getValue(), place));
                }
              });
        }
      }
      return limited(all);
    }
    if (tree instanceof LambdaExpressionTree lambda
        && lambda.getParameters().isEmpty()
        && lambda.getBody() instanceof ExpressionTree body) {
      return texts(body, place);
    }
    if (tree instanceof IdentifierTree name) {
      return variable(name.getName().toString(), place);
    }
    if (tree instanceof MemberSelectTree select) {
      return constant(simple(select.getExpression()), select.getIdentifier().toString());
    }
    if (tree instanceof MethodInvocationTree method) {
      return result(method, place);
    }
    return List.of(VALUE);
  }

  private List<String> result(MethodInvocationTree tree, Place place) {
    List<? extends ExpressionTree> arguments = tree.getArguments();
    if (tree.getMethodSelect() instanceof MemberSelectTree select) {
      String name = select.getIdentifier().toString();
      if (name.equals("formatted")) {
        return format(texts(select.getExpression(), place), arguments, place);
      }
      if (name.equals("format") && select.getExpression().toString().equals("String")) {
        int first = arguments.get(0).toString().startsWith("Locale.") ? 1 : 0;
        return format(
            texts(arguments.get(first), place),
            arguments.subList(first + 1, arguments.size()),
            place);
      }
      if ((name.equals("valueOf") && select.getExpression().toString().equals("String"))
          || (name.equals("of") && simple(select.getExpression()).equals("Optional"))) {
        return texts(arguments.get(0), place);
      }
      if (name.matches("get|orElseThrow|strip") && arguments.isEmpty()) {
        return texts(select.getExpression(), place);
      }
      if (name.matches("orElse|requireNonNullElse")) {
        var all = new ArrayList<>(texts(arguments.get(0), place));
        all.addAll(texts(arguments.size() == 2 ? arguments.get(1) : select.getExpression(), place));
        return limited(all);
      }
      if (name.equals("map")
          && arguments.get(0) instanceof LambdaExpressionTree lambda
          && lambda.getBody() instanceof ExpressionTree body) {
        return texts(body, place);
      }
    }
    var results = new ArrayList<String>();
    for (Method method : implementations(declared(tree, place))) {
      if (isString(method.tree()) && evaluating.add(method.tree())) {
        try {
          results.addAll(result(method, tree, place));
        } finally {
          evaluating.remove(method.tree());
        }
      }
    }
    return results.isEmpty() ? List.of(VALUE) : limited(results);
  }

  private List<String> result(Method method, MethodInvocationTree tree, Place place) {
    var returned = new LinkedHashSet<String>();
    var inside = new Place(method.type(), method);
    scan(
        method.tree().getBody(),
        t -> {
          if (t instanceof ReturnTree end && end.getExpression() != null) {
            returned.addAll(texts(end.getExpression(), inside));
          }
        });
    List<String> texts =
        limited(
            returned.stream()
                .flatMap(text -> insert(text, method, tree.getArguments(), place).stream())
                .toList());
    // the method may change the text slightly
    return texts.equals(List.of(VALUE)) && tree.getArguments().size() == 1
        ? texts(tree.getArguments().get(0), place)
        : texts;
  }

  /** Replaces abstract methods with the methods that implement them. */
  private List<Method> implementations(List<Method> declared) {
    return declared.stream()
        .flatMap(
            method ->
                method.tree().getBody() != null
                    ? Stream.of(method)
                    : byTree.values().stream()
                        .filter(type -> type.parents().contains(method.type().name()))
                        .flatMap(
                            type ->
                                methods(
                                    type,
                                    method.tree().getName().toString(),
                                    method.tree().getParameters().size())
                                    .stream())
                        .filter(each -> each.tree().getBody() != null))
        .toList();
  }

  private List<String> format(
      List<String> formats, List<? extends ExpressionTree> arguments, Call call) {
    return format(formats, arguments, call.place());
  }

  private List<String> format(
      List<String> formats, List<? extends ExpressionTree> arguments, Place place) {
    var all = new ArrayList<String>();
    for (String format : formats) {
      var parts = new ArrayList<List<String>>();
      int end = 0;
      int next = 0;
      for (Matcher m = FORMAT.matcher(format); m.find(); end = m.end()) {
        parts.add(List.of(format.substring(end, m.start())));
        if (m.group(2).equals("%")) {
          parts.add(List.of("%"));
        } else if (m.group(2).equals("n")) {
          parts.add(List.of(" "));
        } else {
          int index = m.group(1) == null ? next++ : Integer.parseInt(m.group(1)) - 1;
          parts.add(
              index < arguments.size() && m.group(2).equals("s")
                  ? texts(arguments.get(index), place)
                  : List.of(VALUE));
        }
      }
      parts.add(List.of(format.substring(end)));
      all.addAll(product(parts));
    }
    return limited(all);
  }

  private List<String> variable(String name, Place place) {
    if (place.method() != null) {
      List<? extends VariableTree> parameters = parameters(place.method());
      for (int i = 0; i < parameters.size(); i++) {
        if (parameters.get(i).getName().contentEquals(name)) {
          return List.of(String.valueOf((char) (PARAMETER + i)));
        }
      }
      var values = new LinkedHashSet<String>();
      boolean[] local = new boolean[1];
      scan(
          place.method().tree(),
          t -> {
            if (t instanceof VariableTree variable && variable.getName().contentEquals(name)) {
              local[0] = true;
              if (variable.getInitializer() != null
                  && !(variable.getType() instanceof PrimitiveTypeTree)) {
                values.addAll(once(variable, () -> texts(variable.getInitializer(), place)));
              }
            } else if (t instanceof AssignmentTree set
                && set.getVariable().toString().equals(name)) {
              values.addAll(once(set, () -> texts(set.getExpression(), place)));
            }
          });
      if (local[0]) {
        return values.isEmpty() ? List.of(VALUE) : limited(new ArrayList<>(values));
      }
    }
    for (Type type = place.type(); type != null; type = type.outer()) {
      List<String> found = field(type, name);
      if (found != null) {
        return found;
      }
    }
    String imported = place.type().unit().imports().get(name);
    return imported == null ? List.of(VALUE) : constant(imported, name);
  }

  /** Evaluates an expression, unless this is a recursive evaluation of the same expression. */
  private List<String> once(Tree tree, Supplier<List<String>> texts) {
    if (!open.add(tree)) {
      return List.of(VALUE);
    }
    try {
      return texts.get();
    } finally {
      open.remove(tree);
    }
  }

  private List<String> constant(String type, String name) {
    for (Type each : types.getOrDefault(type, List.of())) {
      List<String> found = field(each, name);
      if (found != null) {
        return found;
      }
    }
    return List.of(VALUE);
  }

  /** Returns the text of a constant; an ellipsis for other fields; null if there is none. */
  private @Nullable List<String> field(Type type, String name) {
    for (Tree member : type.tree().getMembers()) {
      if (member instanceof VariableTree field && field.getName().contentEquals(name)) {
        Set<Modifier> flags = field.getModifiers().getFlags();
        boolean constant =
            (flags.contains(Modifier.FINAL) && flags.contains(Modifier.STATIC))
                || type.tree().getKind() == Tree.Kind.INTERFACE;
        if (constant
            && field.getInitializer() != null
            && !(field.getInitializer() instanceof NewClassTree)) {
          return once(field, () -> texts(field.getInitializer(), new Place(type, null)));
        }
        return flags.contains(Modifier.FINAL) || !isText(field)
            ? List.of(VALUE)
            : once(field, () -> assigned(type, name));
      }
    }
    return null;
  }

  /** Returns the texts that methods of a class assign to a field. */
  private List<String> assigned(Type type, String name) {
    var values = new ArrayList<String>();
    for (Tree member : type.tree().getMembers()) {
      if (member instanceof MethodTree method && method.getBody() != null) {
        var place = new Place(type, methods.get(method));
        scan(
            method.getBody(),
            t -> {
              if (t instanceof AssignmentTree set && simple(set.getVariable()).equals(name)) {
                texts(set.getExpression(), place).stream()
                    .map(text -> isOpen(text) ? VALUE : text)
                    .forEach(values::add);
              }
            });
      }
    }
    return values.isEmpty() ? List.of(VALUE) : limited(values);
  }

  private static List<ExpressionTree> operands(ExpressionTree tree) {
    if (tree instanceof BinaryTree sum && sum.getKind() == Tree.Kind.PLUS) {
      var all = new ArrayList<>(operands(sum.getLeftOperand()));
      all.add(sum.getRightOperand());
      return all;
    }
    return List.of(tree);
  }

  /**
   * Returns all combinations of the parts' texts. If there are too many, some of the parts become
   * an ellipsis.
   */
  private static List<String> product(List<List<String>> parts) {
    var all = new ArrayList<>(parts);
    while (all.stream().mapToLong(List::size).reduce(1, Math::multiplyExact) > PARTS) {
      List<String> most = Collections.max(all, Comparator.comparingInt(List::size));
      all.replaceAll(part -> part.equals(most) ? List.of(VALUE) : part);
    }
    List<String> result = List.of("");
    for (List<String> part : all) {
      result = result.stream().flatMap(left -> part.stream().map(right -> left + right)).toList();
    }
    return limited(result);
  }

  private static List<String> limited(List<String> texts) {
    List<String> distinct = texts.stream().map(JavaMessages::joinValues).distinct().toList();
    return distinct.size() <= ALTERNATIVES ? distinct : List.of(VALUE);
  }

  // --- names ---

  /**
   * Returns the methods in these sources to which a call may refer, judging by their name and
   * number of parameters.
   */
  private List<Method> declared(Call call) {
    return call.tree() instanceof MethodInvocationTree method
        ? declared(method, call.place())
        : constructors(
            simple(((NewClassTree) call.tree()).getIdentifier()), arguments(call.tree()));
  }

  private List<Method> constructors(String type, List<? extends ExpressionTree> arguments) {
    return types.getOrDefault(type, List.of()).stream()
        .flatMap(each -> methods(each, "<init>", arguments.size()).stream())
        .toList();
  }

  private List<Method> declared(MethodInvocationTree tree, Place place) {
    String name = nameOf(tree);
    int count = tree.getArguments().size();
    if (tree.getMethodSelect() instanceof IdentifierTree) {
      if (name.equals("this")) {
        return methods(place.type(), "<init>", count);
      }
      if (name.equals("super")) {
        return place.type().parents().stream()
            .flatMap(parent -> constructors(parent, tree.getArguments()).stream())
            .toList();
      }
      for (Type type = place.type(); type != null; type = type.outer()) {
        List<Method> all = inherited(type, name, count, new HashSet<>());
        if (!all.isEmpty()) {
          return all;
        }
      }
      String imported = place.type().unit().imports().get(name);
      return imported == null ? List.of() : of(imported, name, count);
    }
    ExpressionTree target = ((MemberSelectTree) tree.getMethodSelect()).getExpression();
    String receiver = simple(target);
    if (receiver.equals("this") || receiver.equals("super")) {
      return inherited(place.type(), name, count, new HashSet<>());
    }
    if (target instanceof NewClassTree created) {
      return of(simple(created.getIdentifier()), name, count);
    }
    if (target instanceof MethodInvocationTree method) {
      return declared(method, place).stream()
          .filter(each -> each.tree().getReturnType() != null)
          .flatMap(each -> of(simple(each.tree().getReturnType()), name, count).stream())
          .toList();
    }
    String type = types.containsKey(receiver) ? receiver : typeOf(receiver, place);
    return type == null ? List.of() : of(type, name, count);
  }

  private List<Method> of(String type, String name, int arguments) {
    return types.getOrDefault(type, List.of()).stream()
        .flatMap(each -> inherited(each, name, arguments, new HashSet<>()).stream())
        .toList();
  }

  private List<Method> inherited(Type type, String name, int arguments, Set<Type> seen) {
    List<Method> all = methods(type, name, arguments);
    if (!all.isEmpty() || !seen.add(type)) {
      return all;
    }
    return type.parents().stream()
        .flatMap(parent -> types.getOrDefault(parent, List.of()).stream())
        .flatMap(parent -> inherited(parent, name, arguments, seen).stream())
        .toList();
  }

  private List<Method> methods(Type type, String name, int arguments) {
    var all = new ArrayList<Method>();
    for (Tree member : type.tree().getMembers()) {
      if (member instanceof MethodTree method && method.getName().contentEquals(name)) {
        Method declared = Objects.requireNonNull(methods.get(method));
        List<? extends VariableTree> parameters = parameters(declared);
        boolean varargs =
            !parameters.isEmpty()
                && parameters.get(parameters.size() - 1).toString().contains("...");
        if (parameters.size() == arguments || (varargs && arguments >= parameters.size() - 1)) {
          all.add(declared);
        }
      }
    }
    return all;
  }

  private static List<? extends VariableTree> parameters(Method method) {
    // a record's compact constructor declares no parameters
    if (method.tree().getName().contentEquals("<init>")
        && method.tree().getParameters().isEmpty()
        && method.type().tree().getKind() == Tree.Kind.RECORD) {
      return components(method.type());
    }
    return method.tree().getParameters();
  }

  private static List<VariableTree> components(Type type) {
    return type.tree().getMembers().stream()
        .filter(member -> member instanceof VariableTree)
        .map(VariableTree.class::cast)
        .filter(field -> !field.getModifiers().getFlags().contains(Modifier.STATIC))
        .toList();
  }

  /** Returns the declared type of a variable; null if it is not known. */
  private @Nullable String typeOf(String variable, Place place) {
    var names = new LinkedHashSet<String>();
    Consumer<Tree> declaration =
        t -> {
          if (t instanceof VariableTree each && each.getName().contentEquals(variable)) {
            if (each.getType() != null) {
              names.add(simple(each.getType()));
            } else if (each.getInitializer() instanceof NewClassTree created) {
              names.add(simple(created.getIdentifier()));
            }
          }
        };
    if (place.method() != null) {
      scan(place.method().tree(), declaration);
    }
    for (Type type = place.type(); type != null && names.isEmpty(); type = type.outer()) {
      type.tree().getMembers().forEach(declaration);
    }
    return names.stream().filter(types::containsKey).findFirst().orElse(null);
  }

  private boolean isFailure(Type type) {
    return FAILURE.matcher(type.name()).matches()
        || type.parents().stream().anyMatch(parent -> FAILURE.matcher(parent).matches());
  }

  private static boolean isText(VariableTree parameter) {
    return parameter.getType() != null
        && parameter.getType().toString().matches("(?:@\\w+ )*(?:String|Supplier<String>)");
  }

  private static boolean isString(MethodTree method) {
    return method.getReturnType() != null
        && method
            .getReturnType()
            .toString()
            .matches("(?:@\\w+\\s*(?:\\(\\))? )*(?:\\w+\\.)*(?:String|Optional<String>)");
  }

  private static List<? extends ExpressionTree> arguments(ExpressionTree call) {
    return call instanceof MethodInvocationTree method
        ? method.getArguments()
        : ((NewClassTree) call).getArguments();
  }

  private static String nameOf(MethodInvocationTree call) {
    return call.getMethodSelect() instanceof MemberSelectTree select
        ? select.getIdentifier().toString()
        : call.getMethodSelect().toString();
  }

  /** Returns the last part of a name, without type arguments; empty for other expressions. */
  private static String simple(Tree tree) {
    if (tree instanceof MemberSelectTree select) {
      return select.getIdentifier().toString();
    }
    if (tree instanceof IdentifierTree name) {
      return name.getName().toString();
    }
    if (tree instanceof ParameterizedTypeTree type) {
      return simple(type.getType());
    }
    if (tree instanceof AnnotatedTypeTree type) {
      return simple(type.getUnderlyingType());
    }
    return "";
  }

  /** Calls an action for a tree and its subtrees, except subtrees in nested classes. */
  private static void scan(Tree root, Consumer<Tree> action) {
    new TreeScanner<Void, Void>() {
      @Override
      public Void scan(@Nullable Tree tree, Void nothing) {
        if (tree != null) {
          action.accept(tree);
        }
        return tree instanceof ClassTree
                || (tree instanceof LambdaExpressionTree lambda
                    && lambda.getBodyKind() == LambdaExpressionTree.BodyKind.STATEMENT)
            ? null
            : super.scan(tree, null);
      }
    }.scan(root, null);
  }
}
