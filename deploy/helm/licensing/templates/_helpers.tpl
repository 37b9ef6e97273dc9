{{/* Helm allows 53 characters, and Kubernetes 63 for a Job: what is appended has to fit into ten. */}}
{{- define "licensing.name" -}}
{{- .Release.Name -}}
{{- end -}}

{{- define "licensing.selector" -}}
app.kubernetes.io/name: licensing
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "licensing.labels" -}}
{{ include "licensing.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "licensing.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What a pod of any kind has. Of (root, settings, secrets). */}}
{{- define "licensing.pod" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- else }}
automountServiceAccountToken: false
{{- end }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  # The user `licensing` of the image.
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
volumes:
  - name: health
    emptyDir: { medium: Memory, sizeLimit: 1Mi }
{{- if .secrets }}
  - name: secrets
    projected:
      defaultMode: 0440
      sources:
{{- range $name, $from := .secrets }}
        - secret:
            name: {{ required (printf "secrets.%s.secret is not set" $name) $from.secret }}
            items: [{ key: {{ required (printf "secrets.%s.key is not set" $name) $from.key | quote }}, path: {{ $name }} }]
{{- end }}
{{- end }}
{{- if .root.Values.files }}
  - name: files
    projected:
      defaultMode: 0440
      sources:
{{- range $file, $from := .root.Values.files }}
{{- if $from.secret }}
        - secret:
            name: {{ $from.secret }}
{{- else }}
        - configMap:
            name: {{ required (printf "files.%s: neither secret nor configMap is set" $file) $from.configMap }}
{{- end }}
            items: [{ key: {{ required (printf "files.%s.key is not set" $file) $from.key | quote }}, path: {{ $file }} }]
{{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a container of any kind has. Of (root, settings, secrets). */}}
{{- define "licensing.container" -}}
image: {{ include "licensing.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
resources: {{- toYaml .root.Values.resources | nindent 2 }}
env:
  - name: HEALTH_FILE
    value: /run/licensing/health
{{- range $name, $value := .settings }}
{{- if hasKey $.secrets $name }}
{{- fail (printf "%s stands under settings and under secrets; expected in one of them" $name) }}
{{- end }}
  - name: {{ $name }}
    {{- /* A number is a float here. As text it would be 1.6e+07, as JSON it is 16000000. */}}
    value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- range $name, $from := .secrets }}
  - name: {{ $name }}_FILE
    value: /run/secrets/licensing/{{ $name }}
{{- end }}
volumeMounts:
  - { name: health, mountPath: /run/licensing }
{{- if .secrets }}
  - { name: secrets, mountPath: /run/secrets/licensing, readOnly: true }
{{- end }}
{{- if .root.Values.files }}
  - { name: files, mountPath: /etc/licensing, readOnly: true }
{{- end }}
{{- end -}}
