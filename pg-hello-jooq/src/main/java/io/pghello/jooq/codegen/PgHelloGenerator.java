// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jooq.SQLDialect;
import org.jooq.codegen.GeneratorStrategy.Mode;
import org.jooq.codegen.JavaGenerator;
import org.jooq.codegen.JavaWriter;
import org.jooq.meta.Database;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;
import org.jooq.meta.jaxb.GeneratedSerialVersionUID;
import org.jspecify.annotations.Nullable;

/**
 * jOOQ's generator for Java, which also writes into the Javadoc of a function or procedure what
 * {@code COMMENT ON} says about just this one of its overloads. To be named in the configuration of
 * the code generator, under {@code <generator><name>}.
 *
 * <p>jOOQ by itself leaves such comments out, or gives one overload's to all. Comments of other
 * objects are as jOOQ has them, and {@code commentsOnRoutines} switches these off as well. It takes
 * one more query, on PostgreSQL only.
 *
 * <p>Not thread-safe, as no generator is.
 */
public class PgHelloGenerator extends JavaGenerator {
  /**
   * The names of the functions that belong to the extension {@code pg_hello}, wherever it is: for
   * {@code <includeSql>} in the configuration of the code generator. Functions of other extensions
   * in the same schema are not among them.
   */
  public static final String INCLUDE_SQL =
      """
      SELECT DISTINCT n.nspname || '.' || p.proname
      FROM pg_extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
      JOIN pg_proc p ON p.oid = d.objid
      JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE e.extname = 'pg_hello'
      """;

  // As jOOQ reads it from the information schema, an array's type is that of its elements.
  private static final String COMMENTS =
      """
      SELECT n.nspname, p.proname,
        array(
          SELECT CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN substr(t.typname::text, 2) || ' array'
            ELSE t.typname::text END
          FROM unnest(p.proargtypes) WITH ORDINALITY a (type, position)
          JOIN pg_type t ON t.oid = a.type
          ORDER BY a.position),
        obj_description(p.oid, 'pg_proc')
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE obj_description(p.oid, 'pg_proc') IS NOT NULL
      """;

  private @Nullable Map<RoutineKey, String> comments;

  /** Creates it; jOOQ does this. */
  public PgHelloGenerator() {}

  /** Generates everything, with the comments of the database that is given. */
  @Override
  public void generate(Database database) {
    comments = null;
    super.generate(database);
  }

  /** Writes the comment, if there is one, after what jOOQ writes. */
  @Override
  protected void generateRoutineClassJavadoc(RoutineDefinition routine, JavaWriter out) {
    String routineName = escapeEntities(routine.getQualifiedOutputName());
    printClassJavadoc(
        out, routine, "The routine <code>" + routineName + "</code>." + sentence(routine));
  }

  /** Returns a writer that adds the comment to the Javadoc of methods. */
  @Override
  protected JavaWriter newJavaWriter(File file, @Nullable Mode mode) {
    JavaWriter plain = super.newJavaWriter(file, mode);
    var writer =
        new CommentWriter(
            plain.file(),
            generateFullyQualifiedTypes(),
            getTargetEncoding(),
            generateJavadoc(),
            generatedSerialVersionUID(),
            mode);
    writer.tabString(plain.tabString());
    writer.newlineString(plain.newlineString());
    writer.printMarginForBlockComment(plain.printMarginForBlockComment());
    return writer;
  }

  /** The comment of this very overload as Javadoc, with a space before it; empty if none. */
  private String sentence(RoutineDefinition routine) {
    if (!generateCommentsOnRoutines()) {
      return "";
    }
    if (comments == null) {
      comments = comments(routine.getDatabase());
    }
    String comment = comments.get(RoutineKey.of(routine));
    return comment == null ? "" : " " + javadoc(comment);
  }

  private static Map<RoutineKey, String> comments(Database database) {
    if (database.getDialect().family() != SQLDialect.POSTGRES) {
      return Map.of();
    }
    return database.create().fetch(COMMENTS).stream()
        .collect(
            Collectors.toMap(
                row ->
                    new RoutineKey(
                        row.get(0, String.class),
                        row.get(1, String.class),
                        List.of(row.get(2, String[].class))),
                row -> row.get(3, String.class)));
  }

  /** What is text for people becomes no tag, no end of the comment, and no escape of Java's. */
  private String javadoc(String comment) {
    return escapeEntities(comment.strip())
        .replace("@", "&#64;")
        .replace("{", "&#123;")
        .replace("\\", "&#92;")
        .replace("*/", "*&#47;")
        .replace("/*", "&#47;*");
  }

  private final class CommentWriter extends JavaWriter {
    CommentWriter(
        File file,
        @Nullable String fullyQualifiedTypes,
        @Nullable String encoding,
        boolean javadoc,
        GeneratedSerialVersionUID serialVersionUid,
        @Nullable Mode mode) {
      super(file, fullyQualifiedTypes, encoding, javadoc, null, serialVersionUid, mode);
    }

    @Override
    public JavaWriter javadocAndAnnotations(
        Definition definition, String string, @Nullable Object... args) {
      if (!(definition instanceof RoutineDefinition routine)) {
        return super.javadocAndAnnotations(definition, string, args);
      }
      String sentence = sentence(routine);
      if (sentence.isEmpty()) {
        return super.javadocAndAnnotations(definition, string, args);
      }
      @Nullable Object[] more = Arrays.copyOf(args, args.length + 1);
      more[args.length] = sentence;
      // some of jOOQ's texts end with a full stop
      String end = string.endsWith(".") ? "%s" : ".%s";
      return super.javadocAndAnnotations(definition, string + end, more);
    }
  }
}
